"""What may people demand of an organisation, and how are they told? Rights, complaints, children, announcements as values.

What the law gives by itself is in the regimes' packs; here is what one policy says of it. Nothing is decided here. The
words of a list that can be strict or loose stand from the strictest to the loosest.
Source: GDPR Art. 7, 8, 9, 12-22, 77; Cal. Civ. Code 1798.100-1798.130; 11 CCR 7000-7304.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

# rights


class Route(StrEnum):
    """A way to send a subject request."""

    CENTRE = "centre"
    ACCOUNT = "account"
    EMAIL = "email"
    POST = "post"
    TELEPHONE = "telephone"
    FORM = "form"


class VerifyWhen(StrEnum):
    ALWAYS = "always"
    IN_DOUBT = "in-doubt"
    UNSTATED = "unstated"


class VerifyBy(StrEnum):
    ONE_TIME_LINK = "one-time-link"
    SECRET_DETAIL = "secret-detail"
    LOGIN = "login"
    TWO_DATA_POINTS = "two-data-points"
    THREE_DATA_POINTS = "three-data-points-and-declaration"


@dataclass(frozen=True, slots=True)
class Verification:
    when: VerifyWhen = VerifyWhen.UNSTATED
    by: tuple[VerifyBy, ...] = ()


class FirstFee(StrEnum):
    FREE = "free"
    UNSTATED = "unstated"


class Excessive(StrEnum):
    """What becomes of a subject request that is unfounded or repeats too often."""

    UNSTATED = "unstated"
    FEE = "fee"
    REFUSE = "refuse"
    FEE_OR_REFUSE = "fee-or-refuse"


class RefuseOn(StrEnum):
    LEGAL_GROUNDS = "legal-grounds"
    EXEMPTION = "exemption"


@dataclass(frozen=True, slots=True)
class Fees:
    """`after`: the same subject request this often in a year may be called repetitive."""

    first: FirstFee = FirstFee.UNSTATED
    excessive: Excessive = Excessive.UNSTATED
    after: int = 2
    refuse_on: tuple[RefuseOn, ...] = ()


class ErasureGround(StrEnum):
    """Source: GDPR Art. 17(1)."""

    NO_LONGER_NEEDED = "no-longer-needed"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    OBJECTION = "objection"
    MARKETING = "marketing"
    UNLAWFUL = "unlawful"


@dataclass(frozen=True, slots=True)
class ErasureRules:
    """No `grounds`: none need be given."""

    grounds: tuple[ErasureGround, ...] = ()
    reasons_asked: bool = False


class RestrictionGround(StrEnum):
    """Source: GDPR Art. 18(1)."""

    ACCURACY = "accuracy"
    UNLAWFUL = "unlawful"
    CLAIMS = "claims"
    OBJECTION = "objection"


class RestrictionOf(StrEnum):
    """How finely a person may say what is to be restricted."""

    ITEMS = "items"
    PURPOSES = "purposes"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class RestrictionRules:
    """No `grounds`: none need be given."""

    grounds: tuple[RestrictionGround, ...] = ()
    of: RestrictionOf = RestrictionOf.ALL
    written: bool = False


class ObjectionEffect(StrEnum):
    ABSOLUTE = "absolute"  # it holds without a reason
    WEIGHED = "weighed"  # against what the organisation has to say for itself
    UNSTATED = "unstated"


@dataclass(frozen=True, slots=True)
class ObjectionRules:
    marketing: ObjectionEffect = ObjectionEffect.ABSOLUTE
    others: ObjectionEffect = ObjectionEffect.WEIGHED
    profiling: ObjectionEffect = ObjectionEffect.UNSTATED


class PortabilityOf(StrEnum):
    ANY = "any"
    PROVIDED = "provided"  # what the person gave, and what was observed of them; not what was worked out from it


class PortabilityTo(StrEnum):
    PERSON = "person"
    THIRD_PARTY = "third-party"


class FileFormat(StrEnum):
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class PortabilityRules:
    """Empty `under`: on whatever basis the data is held. `direct`: sent straight to the other organisation."""

    of: PortabilityOf = PortabilityOf.PROVIDED
    under: tuple[str, ...] = ("consent", "contract")
    formats: tuple[FileFormat, ...] = (FileFormat.JSON, FileFormat.CSV)
    to: tuple[PortabilityTo, ...] = (PortabilityTo.PERSON, PortabilityTo.THIRD_PARTY)
    free: bool = True
    direct: bool = False


@dataclass(frozen=True, slots=True)
class Rights:
    """What this policy says of rights. No `offered`: those of the law that covers the person.

    `only_under`: laws whose people alone have the offered set; empty: everyone. `answer_within` None: as the law says.
    `per_year`: how often in twelve months; None: as the law says. `by_agreement`: what the client's contract says goes first.
    """

    offered: tuple[str, ...] = ()
    only_under: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    answer_within: timedelta | None = None
    per_year: int | None = None
    by_agreement: bool = False
    verification: Verification = field(default_factory=Verification)
    fees: Fees = field(default_factory=Fees)
    erasure: ErasureRules = field(default_factory=ErasureRules)
    restriction: RestrictionRules = field(default_factory=RestrictionRules)
    objection: ObjectionRules = field(default_factory=ObjectionRules)
    portability: PortabilityRules = field(default_factory=PortabilityRules)


# basis


class AssumedBasis(StrEnum):
    """What a purpose rests on that names no basis."""

    LEGITIMATE_INTERESTS = "legitimate-interests"
    CLIENT_INSTRUCTION = "client-instruction"
    NONE = "none"  # then each purpose must name one


@dataclass(frozen=True, slots=True)
class BasisRules:
    """`notified`: people are told the basis of each purpose."""

    default: AssumedBasis = AssumedBasis.LEGITIMATE_INTERESTS
    notified: bool = False


# children, special categories, complaints


class ChildrenThen(StrEnum):
    REFUSE = "refuse"
    REMOVE = "remove"
    UNSTATED = "unstated"


OF_AGE = 18  # Source: Convention on the Rights of the Child Art. 1


@dataclass(frozen=True, slots=True)
class Children:
    """`age`: who is younger counts as a child; None: no age is stated, and whoever is not of age does."""

    age: int | None = None
    then: ChildrenThen = ChildrenThen.UNSTATED


class SpecialCategories(StrEnum):
    """Source: GDPR Art. 9."""

    REFUSED = "refused"
    UNSTATED = "unstated"
    COLLECTED = "collected"


class NumberFound(StrEnum):
    """What becomes of a number of a card or a person in a free text."""

    REFUSE = "refuse"
    MASK = "mask"


class WordFound(StrEnum):
    """What becomes of a free text that speaks of a special category."""

    REFUSE = "refuse"
    FLAG = "flag"  # kept, and an operator is asked to look at it
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class FreeText:
    """What is looked for in what people write in words of their own. Source: GDPR Art. 9, 87."""

    card: NumberFound = NumberFound.MASK
    national_id: NumberFound = NumberFound.MASK
    special: WordFound = WordFound.FLAG


class FirstTo(StrEnum):
    """Whom a person is asked to complain to first."""

    EITHER = "either"
    REGULATOR = "regulator"
    COMPANY = "company"


class Regulator(StrEnum):
    ANY = "any"
    BY_LAW = "by-law"  # the one of the law that covers the person


@dataclass(frozen=True, slots=True)
class Complaints:
    first: FirstTo = FirstTo.EITHER
    regulator: Regulator = Regulator.BY_LAW
    email: str = ""
    procedure: str = ""


# announcements


class AnnouncedWhen(StrEnum):
    """A kind of change that is announced."""

    DISCLOSURE = "disclosure"
    USE = "use"
    MATERIAL = "material"
    ANY = "any"


class AnnouncedBy(StrEnum):
    SITE = "site"
    EMAIL = "email"


class TakesEffect(StrEnum):
    ON_DATE = "on-date"
    ON_POSTING = "on-posting"


class RevisedFor(StrEnum):
    """Why a version was made."""

    NEW_FEATURES = "new-features"
    LAW = "law"
    INDUSTRY_PRACTICE = "industry-practice"


@dataclass(frozen=True, slots=True)
class Announcements:
    """How changes of the policy are announced. `advance` None: not beforehand. `reasons`: those a version may give.

    `purpose`: the one that messages about changes are sent for.
    """

    advance: timedelta | None = None
    when: tuple[AnnouncedWhen, ...] = ()
    individually: bool = False
    by: tuple[AnnouncedBy, ...] = ()
    effective: TakesEffect = TakesEffect.ON_DATE
    reasons: tuple[RevisedFor, ...] = ()
    purpose: str = ""


# the notice and its licence; readings


@dataclass(frozen=True, slots=True)
class Licence:
    """Under which licence the policy's text may be used again, and whom to name."""

    credit: str
    url: str = ""
    share_alike: bool = False


@dataclass(frozen=True, slots=True)
class NoticeRules:
    """How the published notice behaves: where its date stands, what it says of changes."""

    date_at: str = "bottom"  # bottom, top, upper-right
    changes: str = ""
    boundary: str = ""
    children: str = ""
    special: str = ""
    acceptance: str = ""
    complaints: str = ""
    contact: str = ""
    public_warning: str = ""
    cookies_intro: str = ""
    no_sale: str = ""  # the statement on sale that California asks for
    version_shown: bool = True
    reviewed_on: date | None = None
    combined: bool = False  # privacy and cookies in one document
    licence: Licence | None = None


class Contradiction(StrEnum):
    """What a policy may say against itself, as `troth policy check` names it; a reading can settle it."""

    COOKIES_ANONYMOUS_YET_IDENTIFYING = "cookies-anonymous-yet-identifying"
    ONLY_COOKIES_YET_LOGS = "only-cookies-yet-logs"
    NO_SHARING_YET_EXCHANGE = "no-sharing-yet-exchange"
    SOLE_PURPOSE_YET_ADS = "sole-purpose-yet-ads"
    SAFETY_ABSOLUTE_YET_NOT = "safety-absolute-yet-not"
    NO_CROSS_SITE_YET_THIRD_PARTY_TOOLS = "no-cross-site-yet-third-party-tools"
    USE_IS_CONSENT_YET_WITHDRAWABLE = "use-is-consent-yet-withdrawable"
    AGREEMENT_REQUIRED_YET_OPTIONAL = "agreement-required-yet-optional"
    ANALYTICS_INPUT_YET_OUTPUT = "analytics-input-yet-output"
    NEVER_DISCLOSES_YET_PUBLISHES = "never-discloses-yet-publishes"
    INTEREST_IN_GENERAL_YET_CONTRACT = "interest-in-general-yet-contract"
    OPT_OUT_YET_ASK_FIRST_LAW = "opt-out-yet-ask-first-law"
    REPEATED_SECTION = "repeated-section"
    TWO_COMPANY_NUMBERS = "two-company-numbers"
    BELOW_FLOOR = "below-floor"
