"""What does a privacy policy say? Every fact of it as a small frozen value; it decides nothing.

A `Policy` is read from a file by `troth.policy.parse` and compiled for use by `troth.gate.plan`.
Identifiers are the words the file's author chose (`page.url`, `site-analytics`).
Source: GDPR Art. 4-9, 13, 14, 28, 30, 44-49; Fideslang 3.1 for the categories of data and subjects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from troth.policy import conduct, demands


class Permission(StrEnum):
    """How a purpose comes to be permitted. `STRICTNESS` orders the three."""

    NONE = "none"  # no need to ask
    MAY_OBJECT = "may-object"  # permitted until the subject says no
    ASK_BEFORE = "ask-before"  # not permitted until the subject says yes


STRICTNESS: Mapping[Permission, int] = {Permission.NONE: 0, Permission.MAY_OBJECT: 1, Permission.ASK_BEFORE: 2}


def stricter(one: Permission, other: Permission) -> Permission:
    """The stricter of two ways of permission."""
    return max(one, other, key=lambda permission: STRICTNESS[permission])


class Basis(StrEnum):
    """Lawful bases; a processor has its client's instruction instead. Source: GDPR Art. 6(1)(a)-(f), 28(3)(a)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal-obligation"
    VITAL_INTERESTS = "vital-interests"
    PUBLIC_TASK = "public-task"
    LEGITIMATE_INTERESTS = "legitimate-interests"
    CLIENT_INSTRUCTION = "client-instruction"


class Kind(StrEnum):
    """What sort of purpose it is; a regime sets its floor by this."""

    ESSENTIAL = "essential"  # what the subject asked for cannot work without it
    SERVICE = "service"  # answering, supporting, billing, securing
    STATISTICS = "statistics"  # how a site is used, for its owner alone
    JOINING = "joining"  # putting together what was collected apart
    PERSONALISATION = "personalisation"
    MARKETING = "marketing"  # messages that sell
    ADVERTISING = "advertising"  # others' adverts, sale, sharing
    PUBLICATION = "publication"  # showing something to the public


class Form(StrEnum):
    """How an item rests in the store."""

    CLEAR = "clear"  # from a closed vocabulary, readable by queries
    SEALED = "sealed"  # encrypted under the subject's key for its retention rule


class Without(StrEnum):
    """What is kept of an event when its subject gave no permission."""

    NOTHING = "nothing"
    REMAINDER = "anonymous-remainder"  # day and declared clear items, no reference


class Role(StrEnum):
    CONTROLLER = "controller"
    PROCESSOR = "processor"
    BOTH = "both"


class Leaving(StrEnum):
    """What happens to an event's part about a person who leaves."""

    DELETE = "delete"
    DETACH = "detach"


class Controller(StrEnum):
    """Who decides about a population's data, and so answers its subject requests."""

    ORGANISATION = "organisation"
    CLIENT = "client"


class EnabledBy(StrEnum):
    """Who switches an item on: this policy by declaring it, or a client's policy with `enabled: true`."""

    POLICY = "policy"
    CLIENT = "client"


class CountedFrom(StrEnum):
    """What starts the time of a retention rule."""

    COLLECTION = "collection"
    CONTRACT_END = "contract-end"
    ENGAGEMENT_END = "engagement-end"
    AGREEMENT_END = "agreement-end"
    LAST_CONTACT = "last-contact"
    VISIT_END = "visit-end"


class ProofKind(StrEnum):
    STATIC = "static"
    AUDIT = "audit"
    PROBE = "probe"
    ATTESTED = "attested"


@dataclass(frozen=True, slots=True)
class Position:
    """Where in the file a thing was said: 1-based line and column."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Organisation:
    name: str
    role: Role
    address: str = ""
    email: str = ""
    telephone: str = ""
    group: tuple[GroupCompany, ...] = ()
    officer: str = ""  # the data protection officer's role or name
    officer_email: str = ""
    representative: str = ""  # of an organisation outside the law's territory. Source: GDPR Art. 27
    registrations: tuple[str, ...] = ()  # company numbers


@dataclass(frozen=True, slots=True)
class GroupCompany:
    """A company of the same group; `responsible_for` lists countries whose customers contract with it."""

    id: str
    name: str
    country: str
    region: str
    responsible_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Population:
    """A sort of subject: visitor, enquirer, customer contact."""

    id: str
    label: str
    category: str  # Fideslang data subject
    controller: Controller = Controller.ORGANISATION


@dataclass(frozen=True, slots=True)
class Item:
    """One kind of datum. `at` is where a message carries it (`properties.href`); None: observed by Troth.

    `values` names the closed vocabulary of a clear item (route, host, browser, word, number...).
    `populations` empty: may be held about anyone. `sensitive`: why it is held although it is of a special or sensitive kind.
    """

    id: str
    label: str
    category: str
    form: Form
    keep: str
    at: tuple[str, ...] = ()
    values: str | None = None
    populations: tuple[str, ...] = ()
    personal: bool = True
    special: bool = False
    sensitive: str = ""
    enabled_by: EnabledBy = EnabledBy.POLICY
    enabled: bool = False

    @property
    def on(self) -> bool:
        """Whether it may be held at all under this policy."""
        return self.enabled or self.enabled_by is EnabledBy.POLICY

    @property
    def is_free_text(self) -> bool:
        """Whether people fill it with words of their own."""
        return self.form is Form.SEALED and self.values is None and self.category.startswith("user.content")


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """How long items that name it are kept, from when. `ground` is the law that keeps them when the subject leaves.

    `told_on_request`: the rule is told to whoever asks.
    """

    id: str
    label: str
    keep_for: timedelta | None
    why: str = ""
    ground: str | None = None
    counted_from: CountedFrom = CountedFrom.COLLECTION
    told_on_request: bool = True


@dataclass(frozen=True, slots=True)
class EventType:
    """One interaction. `call` and `name` say which message carries it (`track` and `Link Clicked`)."""

    id: str
    label: str
    items: tuple[str, ...]
    population: str
    call: str | None = None
    name: str | None = None
    required: tuple[str, ...] = ()
    about: Mapping[str, Leaving] = field(default_factory=dict)
    channel: str = "web"


@dataclass(frozen=True, slots=True)
class BelowFloor:
    """A person answers for running the policy's literal text below the law's floor."""

    why: str
    by: str
    on: date


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why items may be used, on what basis, and how permission works.

    `remainder` lists the clear items kept without permission; `loses` what the subject goes without
    after withdrawing; `joins` the pairs of channels this purpose may put together.
    """

    id: str
    label: str
    kind: Kind
    basis: Basis
    permission: Permission
    items: tuple[str, ...]
    events: tuple[str, ...] = ()
    keep_for: timedelta | None = None
    without: Without = Without.NOTHING
    remainder: tuple[str, ...] = ()
    wording: str = ""
    notice: str = ""
    loses: str = ""
    joins: tuple[str, ...] = ()
    populations: tuple[str, ...] = ()
    below_floor: BelowFloor | None = None
    basis_defaulted: bool = False


@dataclass(frozen=True, slots=True)
class Cookie:
    name: str
    provider: str
    storage: str  # cookie, local-storage, pixel and the like
    purposes: tuple[str, ...]  # empty: strictly necessary
    keep_for: timedelta | None
    label: str
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """A recipient's signed promise to keep data safe and lawful."""

    signed_on: date
    expires_on: date
    document: str = ""


@dataclass(frozen=True, slots=True)
class Recipient:
    id: str
    label: str
    category: str
    country: str
    purposes: tuple[str, ...]
    items: tuple[str, ...]
    terms: Terms | None = None
    safeguard: str | None = None  # standard-contractual-clauses, binding-rules
    group: bool = False
    email: str = ""  # where it is told of a person's subject request
    announced_by: tuple[str, ...] = ()  # the events whose forms say that it receives what they take; empty: whatever it works for


@dataclass(frozen=True, slots=True)
class Regime:
    """One body of law as dated data: whom it covers and what it asks at least.

    `floor` maps a purpose's kind to the least strict permission this law allows.
    """

    id: str
    label: str
    countries: tuple[str, ...]
    time_zones: tuple[str, ...]
    floor: Mapping[Kind, Permission]
    rights: tuple[str, ...]
    answer_within: str
    authority: str
    authority_contact: str
    as_of: date
    source: str


@dataclass(frozen=True, slots=True)
class Site:
    """Where the script may run and which paths are routes."""

    origins: tuple[str, ...]
    routes: tuple[str, ...]
    external_note: str = ""


@dataclass(frozen=True, slots=True)
class Calls:
    """Tracked numbers (E.164), the number when all are taken, how long one is lent, how calls join visits."""

    pool: tuple[str, ...] = ()
    fallback: str = ""
    lease_for: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Promise:
    """One sentence of the policy with the proof that it is kept. `about` names purposes it rests on.

    `given`: what the proof is told of this promise, such as the items it is about.
    """

    id: str
    clause: str
    sentence: str
    kind: ProofKind | None
    proof: str | None
    about: tuple[str, ...] = ()
    note: str = ""
    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """Where the text can be read two ways: the conflict, and the reading that was chosen.

    `between`: the promises or words that contradict each other; `strict` and `literal`: what each reading would mean;
    `chosen`: `strict`, `literal` or a sentence; `settles`: the contradiction of `troth policy check` that it answers.
    """

    id: str
    conflict: str
    chosen: str
    why: str
    between: tuple[str, ...] = ()
    strict: str = ""
    literal: str = ""
    settles: demands.Contradiction | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What the text leaves open and a deployment must choose."""

    ask_again_after: timedelta = timedelta(days=180)
    legal_reasons: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    region: str = ""
    measures: tuple[str, ...] = ()
    global_privacy_control: tuple[str, ...] = ()  # purposes the signal refuses
    default_regime: str = "gdpr"  # whom nothing is known about


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of one workspace's policy, whole. Mappings keep the order of the file."""

    workspace: str
    title: str
    version: str
    effective_on: date
    changed_on: date
    language: str
    parent: str | None
    organisation: Organisation
    populations: Mapping[str, Population]
    items: Mapping[str, Item]
    retention: Mapping[str, RetentionRule]
    events: Mapping[str, EventType]
    purposes: Mapping[str, Purpose]
    cookies: Mapping[str, Cookie]
    recipients: Mapping[str, Recipient]
    regimes: Mapping[str, Regime]
    site: Site
    calls: Calls
    notice: demands.NoticeRules
    roles: Mapping[str, tuple[str, ...]]  # operator role to the purposes it may act for
    settings: Settings
    basis: demands.BasisRules
    asking: conduct.Asking
    acceptance: conduct.Acceptance
    linking: conduct.Linking
    addresses: conduct.Addresses
    channels: Mapping[str, conduct.ChannelRules]
    profiling: conduct.Profiling
    sharing: conduct.Sharing
    aggregates: conduct.Aggregates
    transfers: conduct.Transfers
    deployment: conduct.Deployment
    access_control: conduct.AccessControl
    security: conduct.Security
    rights: demands.Rights
    children: demands.Children
    special_categories: demands.SpecialCategories
    free_text: demands.FreeText
    complaints: demands.Complaints
    announcements: demands.Announcements
    texts: Mapping[str, Mapping[str, str]]  # by language, then by the text's own place: `purposes/newsletter/label`
    promises: Mapping[str, Promise]
    readings: Mapping[str, Reading]


def wants_one_given(policy: Policy, purpose: Purpose, regime: str) -> bool:
    """Whether the law that covers the subject asks for a yes to this purpose: one that a person gave, not one read from what they did.

    Source: GDPR Art. 4(11); CJEU C-673/17 (Planet49)
    """
    law = policy.regimes.get(regime) or policy.regimes[policy.settings.default_regime]
    return purpose.below_floor is None and law.floor.get(purpose.kind) is Permission.ASK_BEFORE


def permission_under(policy: Policy, purpose: Purpose, regime: str) -> Permission:
    """How permission works for `purpose` where `regime` covers the subject: the stricter of text and law.

    An unknown regime counts as the policy's default one. Source: GDPR Art. 6; ePrivacy Art. 5(3).
    """
    if purpose.below_floor is not None:
        return purpose.permission
    law = policy.regimes.get(regime) or policy.regimes[policy.settings.default_regime]
    return stricter(purpose.permission, law.floor.get(purpose.kind, Permission.NONE))
