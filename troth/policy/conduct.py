"""How does an organisation conduct itself towards people, across all purposes? Each rule of it as a small frozen value.

What is held and why is in `model`; what a person may demand is in `demands`. Nothing is decided here. The words of a
list that can be strict or loose stand from the strictest to the loosest, and `UNSTATED` where saying nothing stands.
Source: ePrivacy Directive Art. 5(3), 13; GDPR Art. 6, 7, 12-22, 28, 32, 44-49; Cal. Civ. Code 1798.100-1798.199.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from troth.policy.channels import ASKS as ASKS
from troth.policy.channels import AtMost as AtMost
from troth.policy.channels import ChannelConsent as ChannelConsent
from troth.policy.channels import ChannelRules as ChannelRules
from troth.policy.channels import QuietHours as QuietHours
from troth.policy.channels import Recorded as Recorded
from troth.policy.channels import StopBy as StopBy
from troth.policy.channels import Tracks as Tracks
from troth.policy.channels import Transcripts as Transcripts

# asking


class AskMode(StrEnum):
    """How a browser's owner is asked about cookies and the like."""

    ASK_FIRST = "ask-first"
    OPT_OUT = "opt-out-first-visit"
    NOTICE = "notice"  # a notice with "agree and continue"
    BROWSER_ONLY = "browser-only"  # refusing is left to the browser's own settings
    UNSTATED = "unstated"  # as each purpose's permission has it


class YesBy(StrEnum):
    """An act that counts as a yes."""

    CLICK = "click"
    CONTINUED_USE = "continued-use"
    BROWSER_SETTINGS = "browser-settings"
    USE = "use"
    IMPORT = "import"  # a record or cookie of the system that asked before


class YesStrength(StrEnum):
    """How good a yes is as evidence; a stronger claim for the same act is the looser rule."""

    BY_USE = "by-use"
    IMPLIED = "implied"
    EXPLICIT = "explicit"


class WithoutCookies(StrEnum):
    SERVE = "serve"
    MAY_DENY = "may-deny"


class DoNotTrack(StrEnum):
    HONOUR = "honour"
    UNSTATED = "unstated"
    IGNORE = "ignore"


class Automatic(StrEnum):
    """What is said to be collected without being given."""

    COOKIES_ONLY = "cookies-only"
    UNSTATED = "unstated"
    COOKIES_AND_LOGS = "cookies-and-logs"


class Until(StrEnum):
    """A choice that no time ends."""

    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Asking:
    """How cookies are asked about, and what the text says of them.

    `until` None: as long as `settings.ask_again_after` says. `anonymous`: cookies are said to tell nobody who one is.
    `sole_kinds`: the kinds of purpose they are said to serve alone; empty: not said. `categories`: which purposes each
    category of another system's banner stands for. `receipts_for`: how long the record of a choice that names nobody is
    kept; None: as long as `settings.ask_again_after` says. `google_consent_mode`: Google's tags on the pages are told
    what was chosen.
    """

    mode: AskMode = AskMode.UNSTATED
    evidence: Mapping[YesBy, YesStrength] = field(default_factory=dict)
    without_cookies: WithoutCookies = WithoutCookies.SERVE
    do_not_track: DoNotTrack = DoNotTrack.UNSTATED
    until: timedelta | Until | None = None
    manage_url: str = ""
    browser_help: str = ""
    analytics_opt_out: str = ""
    automatic: Automatic = Automatic.UNSTATED
    anonymous: bool = False
    sole_kinds: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    receipts_for: timedelta | None = None
    google_consent_mode: bool = False


class AcceptedBy(StrEnum):
    """What makes the policy hold between a person and the organisation."""

    AGREEMENT = "agreement"  # a contract, or the client's
    UNSTATED = "unstated"
    USE = "use"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """How the policy is accepted. `counts_as`: as how good a yes; None: not said. `required`: without it no service.

    `item`: what an event brings when somebody agrees; empty: it is not noted.
    """

    by: AcceptedBy = AcceptedBy.UNSTATED
    counts_as: YesStrength | None = None
    required: bool = False
    withdrawable: bool = True
    item: str = ""


# linking a browser to a person


class CookieToPerson(StrEnum):
    """Whether what a cookie tells may be put together with who somebody is."""

    NEVER = "never"
    SIGNED_IN = "signed-in"
    MEMBERS_ONLY = "members-only"
    SOME_PURPOSES = "some-purposes"
    UNSTATED = "unstated"
    IDENTIFIES = "identifies"


class LinkBy(StrEnum):
    VISITOR_COOKIE = "visitor-cookie"
    LOCAL_STORAGE_LINK = "local-storage-link"
    SIGN_IN = "sign-in"


@dataclass(frozen=True, slots=True)
class Linking:
    """When and how a browser is linked to a person. No `populations`: anyone's."""

    cookie_to_person: CookieToPerson = CookieToPerson.UNSTATED
    by: tuple[LinkBy, ...] = ()
    purposes: tuple[str, ...] = ()
    populations: tuple[str, ...] = ()


class CountsAs(StrEnum):
    """What an internet address is taken for."""

    PERSONAL = "personal"
    STATISTICAL = "statistical"
    NEVER_IDENTIFIES = "never-identifies"


class DisclosedAs(StrEnum):
    IDENTIFYING = "identifying"  # only under the rules for what identifies somebody
    ORDINARY = "ordinary"


@dataclass(frozen=True, slots=True)
class Addresses:
    """How internet addresses are treated; `may_block`: one may be shut out for breaking the terms."""

    counts_as: CountsAs = CountsAs.PERSONAL
    may_block: bool = False
    disclosed_as: DisclosedAs = DisclosedAs.ORDINARY


# profiling, sharing, aggregates


class ProfilingAllowed(StrEnum):
    NEVER = "never"
    WITH_CHOICE = "with-choice"
    UNTIL_OBJECTION = "until-objection"
    UNSTATED = "unstated"
    BUILT = "built"


class Automated(StrEnum):
    """Decisions with no person in them. Source: GDPR Art. 22."""

    NEVER = "never"
    UNSTATED = "unstated"
    WITH_REVIEW = "with-review"


@dataclass(frozen=True, slots=True)
class Profiling:
    """Whether profiles are built, for which purposes and out of which items."""

    allowed: ProfilingAllowed = ProfilingAllowed.UNSTATED
    automated_decisions: Automated = Automated.UNSTATED
    purposes: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


class Allowed(StrEnum):
    NEVER = "never"
    UNSTATED = "unstated"
    ALLOWED = "allowed"


class BeyondProviders(StrEnum):
    """Giving data to others than those who work for the organisation."""

    NEVER = "never"
    OPT_IN = "opt-in"
    OPT_OUT = "opt-out"
    UNSTATED = "unstated"


class Exceptions(StrEnum):
    NONE = "none"
    UNSTATED = "unstated"
    ANNOUNCED = "announced-at-request"


class Confidentiality(StrEnum):
    SIGNED = "signed"
    REQUIRED = "required"
    UNSTATED = "unstated"


class OtherReasons(StrEnum):
    NONE = "none"
    UNSTATED = "unstated"
    DOCUMENTED = "documented"


@dataclass(frozen=True, slots=True)
class Sharing:
    """What is never sold, rented or given on. `other_reasons`: grounds for disclosure that are not named.

    `across_sites`: others following somebody from site to site.
    """

    sale: Allowed = Allowed.UNSTATED
    rent: Allowed = Allowed.UNSTATED
    advertising_partners: Allowed = Allowed.UNSTATED
    marketing_by_others: Allowed = Allowed.UNSTATED
    across_sites: Allowed = Allowed.UNSTATED
    beyond_providers: BeyondProviders = BeyondProviders.UNSTATED
    exceptions: Exceptions = Exceptions.UNSTATED
    confidentiality: Confidentiality = Confidentiality.UNSTATED
    other_reasons: OtherReasons = OtherReasons.UNSTATED


class AggregateUse(StrEnum):
    INTERNAL = "internal"
    UNSTATED = "unstated"
    PUBLIC = "public"
    ANY_PURPOSE = "any-purpose"


@dataclass(frozen=True, slots=True)
class Aggregates:
    """What counts of people may be used for. Published cells below `threshold` people are held back.

    `opt_out`: populations that can keep themselves out of what is published; `anonymised_to`: who may be given it.
    """

    use: AggregateUse = AggregateUse.UNSTATED
    threshold: int = 5
    opt_out: tuple[str, ...] = ()
    anonymised_to: tuple[str, ...] = ()


# where it runs and who sees it


class TransferBy(StrEnum):
    """What lets data cross a border. Source: GDPR Art. 44-49."""

    ADEQUACY_OR_CLAUSES = "adequacy-or-clauses"
    CONSENT = "consent"
    USE_AS_CONSENT = "use-as-consent"
    NONE_STATED = "none-stated"


class Residency(StrEnum):
    """What decides where data rests."""

    CONTRACTING_ENTITY = "contracting-entity"
    CLIENT_CHOICE = "client-choice"
    LISTED = "listed"  # the countries of `countries`
    UNSTATED = "unstated"
    ANYWHERE = "anywhere"


@dataclass(frozen=True, slots=True)
class Transfers:
    by: TransferBy = TransferBy.NONE_STATED
    residency: Residency = Residency.UNSTATED
    countries: tuple[str, ...] = ()
    told_before: bool = False


class Installation(StrEnum):
    ON_PREMISES = "on-premises"
    PRIVATE_CLOUD = "private-cloud"
    PUBLIC_CLOUD = "public-cloud"


class ChosenBy(StrEnum):
    CLIENT = "client"
    OPERATOR = "operator"
    UNSTATED = "unstated"


class RegionTold(StrEnum):
    AT_CONFIGURATION = "at-configuration"
    ON_REQUEST = "on-request"
    UNSTATED = "unstated"


class Isolation(StrEnum):
    OWN_INSTANCE = "own-instance"
    SHARED = "shared"
    UNSTATED = "unstated"


@dataclass(frozen=True, slots=True)
class Deployment:
    """Kinds of installation on offer, the one this is, and who picks the region."""

    offered: tuple[Installation, ...] = ()
    chosen: Installation | None = None
    region_by: ChosenBy = ChosenBy.UNSTATED
    region_told: RegionTold = RegionTold.UNSTATED
    isolation: Isolation = Isolation.UNSTATED


class WhoSees(StrEnum):
    CLIENT_NAMED = "client-named"
    FEW = "few"
    NEED_TO_KNOW = "need-to-know"
    STAFF = "staff"
    UNSTATED = "unstated"


class AllowListBy(StrEnum):
    """Who names the networks an operator may sign in from."""

    OPERATOR = "operator"
    CLIENT = "client"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class AccessControl:
    """Who may see data. `allow_list`: networks an operator may come from; empty: any.

    `unmask`: roles that see identity numbers whole; every other sees the last signs of them.
    """

    people: WhoSees = WhoSees.UNSTATED
    confidentiality: Confidentiality = Confidentiality.UNSTATED
    allow_list_by: AllowListBy = AllowListBy.NONE
    allow_list: tuple[str, ...] = ()
    unmask: tuple[str, ...] = ()


class SafetyClaim(StrEnum):
    """What the text says of how safe data is; a policy may say two things."""

    COMPLETE = "complete"
    REASONABLE = "reasonable"
    NOT_GUARANTEED = "not-guaranteed"


class Encrypted(StrEnum):
    TRANSPORT = "transport"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True)
class Security:
    """How data is kept safe, in what the text claims; single measures are named in `settings.measures`."""

    claims: tuple[SafetyClaim, ...] = ()
    encrypted: tuple[Encrypted, ...] = ()
    details_on_request: bool = False
