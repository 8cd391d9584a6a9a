"""How does a file say how the organisation conducts itself? The keys of the sections on asking, messages, sharing and access.

It reads and writes; what the words mean is in `conduct`.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import timedelta
from zoneinfo import ZoneInfo

from troth.policy.conduct import (
    Acceptance,
    AcceptedBy,
    AccessControl,
    Addresses,
    Aggregates,
    AggregateUse,
    Allowed,
    AllowListBy,
    Asking,
    AskMode,
    AtMost,
    Automated,
    Automatic,
    BeyondProviders,
    ChannelConsent,
    ChannelRules,
    ChosenBy,
    Confidentiality,
    CookieToPerson,
    CountsAs,
    Deployment,
    DisclosedAs,
    DoNotTrack,
    Encrypted,
    Exceptions,
    Installation,
    Isolation,
    LinkBy,
    Linking,
    OtherReasons,
    Profiling,
    ProfilingAllowed,
    QuietHours,
    Recorded,
    RegionTold,
    Residency,
    SafetyClaim,
    Security,
    Sharing,
    StopBy,
    Tracks,
    Transcripts,
    TransferBy,
    Transfers,
    Until,
    WhoSees,
    WithoutCookies,
    YesBy,
    YesStrength,
)
from troth.policy.finding import Code, field_at, quoted
from troth.policy.marked import Node, Scalar
from troth.policy.model import Kind
from troth.policy.shapes import (
    COUNTRY,
    DURATION,
    FLAG,
    LINK,
    LOOSE,
    NAME,
    NAMES,
    NUMBER,
    PLACE,
    TEXTS,
    Key,
    Shape,
    Where,
    among,
    choice,
    keyed,
    listing,
    mapping,
    matching,
    part,
)

CHANNELS = ("web", "form", "telephone", "blog", "social", "account", "email", "chat", "sms", "post", "import")


def _read_until(node: Node, where: Where) -> timedelta | Until:
    if isinstance(node, Scalar) and node.text.strip() == Until.CHANGED:
        return Until.CHANGED
    return DURATION.read(node, where)


UNTIL: Shape[timedelta | Until] = Shape(
    _read_until, lambda held: str(held) if isinstance(held, Until) else DURATION.write(held), timedelta(0),
    form={"anyOf": [{"const": str(Until.CHANGED)}, DURATION.form]})

CATEGORY = matching(re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,79}"), "a category's name of letters, digits, dots, dashes and spaces")
_NETWORK = matching(re.compile(r"[0-9a-fA-F:.]{2,45}(/[0-9]{1,3})?"), "a network such as 192.0.2.0/24")


def _read_network(node: Node, where: Where) -> str:
    word = _NETWORK.read(node, where)
    try:
        ipaddress.ip_network(word or "0.0.0.0")
    except ValueError:
        where.wrong(Code.NOT_A_NAME, f"{field_at(where.place)} must be a network such as 192.0.2.0/24, and is {quoted(word)}", node.spot)
    return word


NETWORK: Shape[str] = Shape(_read_network, str, "", form=_NETWORK.form)

_QUIET_FORM = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9] [A-Za-z_]+(/[A-Za-z0-9_+-]+)*")
_QUIET = matching(_QUIET_FORM, "two times of day and a time zone, such as 21:00-08:00 Europe/London")


def _read_quiet(node: Node, where: Where) -> QuietHours | None:
    word = _QUIET.read(node, where)
    if not _QUIET_FORM.fullmatch(word):
        return None
    hours, _, zone = word.partition(" ")
    begins, ends = (int(one[:2]) * 60 + int(one[3:]) for one in hours.split("-"))
    try:
        ZoneInfo(zone)
    except (OSError, ValueError, LookupError):
        where.wrong(Code.NOT_A_NAME, f"{field_at(where.place)} must name a time zone such as Europe/London, and names {quoted(zone)}", node.spot)
    return QuietHours(begins, ends, zone)


QUIET_HOURS: Shape[QuietHours | None] = Shape(_read_quiet, lambda held: str(held) if held else None, None, form=_QUIET.form)
_RATE_FORM = re.compile(r"[1-9][0-9]{0,3} in [1-9][0-9]{0,2} days")
_RATE = matching(_RATE_FORM, "a number of messages and of days, such as 2 in 30 days")


def _read_rate(node: Node, where: Where) -> AtMost | None:
    word = _RATE.read(node, where)
    return AtMost(*(int(one) for one in re.findall(r"[0-9]+", word))) if _RATE_FORM.fullmatch(word) else None


AT_MOST: Shape[AtMost | None] = Shape(_read_rate, lambda held: str(held) if held else None, None, form=_RATE.form)

ASKING = part(
    Asking(),
    Key("mode", choice(AskMode), help="How a browser's owner is asked about cookies and the like.", example="opt-out-first-visit"),
    Key("evidence", mapping(choice(YesBy), choice(YesStrength)), help="Which acts count as a yes, and how good a yes each is.",
        example="{click: explicit, continued-use: implied}"),
    Key("without_cookies", choice(WithoutCookies), help="What becomes of somebody who refuses cookies.", example="may-deny"),
    Key("do_not_track", choice(DoNotTrack), help="What the browser's Do Not Track signal does here.", example="ignore"),
    Key("until", UNTIL, help="How long a choice holds before it is asked again: a duration, after which a yes "
        "lapses, or `changed` for until the person changes it. Left out, `settings.ask_again_after` holds.", example="changed"),
    Key("manage_url", PLACE, help="Where a person manages cookies.", example="/cookies"),
    Key("browser_help", LOOSE, help="What people are told of refusing cookies in the browser.", example="Your browser can refuse all cookies."),
    Key("analytics_opt_out", LINK, help="Where one can keep out of the analytics of a provider.", example="https://optout.example/analytics"),
    Key("automatic", choice(Automatic), help="What the text says is collected without being given.", example="cookies-only"),
    Key("anonymous", FLAG, help="The text says that cookies tell nobody who one is.", example="true"),
    Key("sole_kinds", listing(among([str(kind) for kind in Kind])), help="Kinds of purpose that the text says cookies serve alone.",
        example="[personalisation]"),
    Key("categories", mapping(CATEGORY, NAMES), help="Which purposes each category of another system's banner stands for, when "
        "its records or cookies are brought over.", example="{C0002: [counting], statistics: [counting]}"),
    Key("receipts_for", DURATION, help="How long the record of a choice is kept, under a random id, when nothing is held of who made it. "
        "Left out, `settings.ask_again_after` holds.", example="90d"),
    Key("google_consent_mode", FLAG, help="Google's tags on your pages are told what each visitor chose (Consent Mode v2): all is denied until "
        "every purpose of a signal's kind is permitted. The tags themselves wait as `text/plain` scripts.", example="true"))

ACCEPTANCE = part(
    Acceptance(),
    Key("by", choice(AcceptedBy), help="What makes the policy hold between a person and the organisation.", example="use"),
    Key("counts_as", choice(YesStrength), help="As how good a yes the text takes it.", example="by-use"),
    Key("required", FLAG, help="Whoever does not accept the policy is asked not to use the service.", example="true"),
    Key("withdrawable", FLAG, help="It can be taken back.", example="false"),
    Key("item", NAME, help="The item, a clear flag, that an event brings when somebody agrees. With it each person's own data says whether "
        "they agreed, to which version and when.", example="page.route"))

LINKING = part(
    Linking(),
    Key("cookie_to_person", choice(CookieToPerson), help="Whether what a cookie tells may be put together with who somebody is.",
        example="never"),
    Key("by", listing(choice(LinkBy)), help="What links a browser to a person.", example="[local-storage-link]"),
    Key("purposes", NAMES, help="Purposes that a link serves.", example="[counting]"),
    Key("populations", NAMES, help="Whose browsers may be linked; left out: anyone's.", example="[visitor]"))

ADDRESSES = part(
    Addresses(),
    Key("counts_as", choice(CountsAs), help="What an internet address is taken for.", example="statistical"),
    Key("may_block", FLAG, help="An address may be shut out for breaking the terms.", example="true"),
    Key("disclosed_as", choice(DisclosedAs), help="Under which rules an address is disclosed.", example="identifying"))

_CHANNEL_KEYS = (
    Key("consent", choice(ChannelConsent), default=ChannelConsent.UNSTATED, help="What must have been said before messages go out.",
        example="number-and-policy"),
    Key("purposes", NAMES, default=(), help="Purposes that messages of this channel serve.", example="[counting]"),
    Key("stop", listing(choice(StopBy)), default=(), help="Ways to end messages.", example="[reply, link]"),
    Key("stop_words", TEXTS, default=(), help="Words that end messages when somebody sends them back.", example="[STOP]"),
    Key("opt_out_text", LOOSE, default="", help="What stands in each message on how to end them.", example="Reply STOP to end these messages."),
    Key("condition_of_purchase", FLAG, default=False, help="A yes is needed to buy something.", example="true"),
    Key("carrier_charges", LOOSE, default="", help="What people are told of a carrier's charges.", example="Your carrier may charge for messages."),
    Key("automated", FLAG, default=False, help="Messages may be sent by a machine.", example="true"),
    Key("recorded", choice(Recorded), default=Recorded.UNSTATED, help="Whether what is said is recorded.", example="may"),
    Key("announcement", LOOSE, default="", help="What is said before recording begins.", example="This call may be recorded."),
    Key("transcripts", choice(Transcripts), default=Transcripts.UNSTATED, help="Whether the words of a conversation are kept.", example="kept"),
    Key("tracks", listing(choice(Tracks)), default=(), help="What is noted of what became of a message.", example="[opens, clicks]"),
    Key("quiet_hours", QUIET_HOURS, default=None, help="When no message leaves but waits, in the recipient's own time where it is known, "
        "else in this time zone.", example="21:00-08:00 Europe/London"),
    Key("at_most", AT_MOST, default=None, help="How many messages of its purposes one person gets in how many days; one more is held back.",
        example="2 in 30 days"))
CHANNEL_RULES = keyed(ChannelRules, _CHANNEL_KEYS, among(CHANNELS))

PROFILING = part(
    Profiling(),
    Key("allowed", choice(ProfilingAllowed), help="Whether profiles of people are built.", example="until-objection"),
    Key("automated_decisions", choice(Automated), help="Whether decisions are taken with no person in them.", example="never"),
    Key("purposes", NAMES, help="Purposes that profiles serve.", example="[counting]"),
    Key("items", NAMES, help="What profiles are made from.", example="[page.route]"))

SHARING = part(
    Sharing(),
    Key("sale", choice(Allowed), help="Selling personal data.", example="never"),
    Key("rent", choice(Allowed), help="Renting or trading personal data.", example="never"),
    Key("advertising_partners", choice(Allowed), help="Giving data to advertising partners.", example="allowed"),
    Key("marketing_by_others", choice(Allowed), help="Giving data to others for their own marketing.", example="never"),
    Key("across_sites", choice(Allowed), help="Others following somebody from site to site.", example="never"),
    Key("beyond_providers", choice(BeyondProviders), help="What a person must have said before data goes to others than providers.",
        example="opt-in"),
    Key("exceptions", choice(Exceptions), help="Exceptions from what is never shared.", example="announced-at-request"),
    Key("confidentiality", choice(Confidentiality), help="What whoever receives data must have promised.", example="signed"),
    Key("other_reasons", choice(OtherReasons), help="Disclosure on grounds that are not named.", example="documented"))

AGGREGATES = part(
    Aggregates(),
    Key("use", choice(AggregateUse), help="What counts of people may be used for.", example="public"),
    Key("threshold", NUMBER, help="Published cells of fewer people are held back.", example="10"),
    Key("opt_out", NAMES, help="Populations that can keep themselves out of what is published.", example="[visitor]"),
    Key("anonymised_to", TEXTS, help="Kinds of organisations that anonymous counts may go to.", example="[partners]"))

TRANSFERS = part(
    Transfers(),
    Key("by", choice(TransferBy), help="What lets data cross a border.", example="adequacy-or-clauses"),
    Key("residency", choice(Residency), help="What decides where data rests.", example="listed"),
    Key("countries", listing(COUNTRY), help="Where data may be; left out: no list.", example="[GB, EU, US]"),
    Key("told_before", FLAG, help="People are told before their data crosses a border.", example="true"))

DEPLOYMENT = part(
    Deployment(),
    Key("offered", listing(choice(Installation)), help="Kinds of installation on offer.", example="[on-premises, public-cloud]"),
    Key("chosen", choice(Installation), help="Which of them this is.", example="on-premises"),
    Key("region_by", choice(ChosenBy), help="Who picks the region.", example="client"),
    Key("region_told", choice(RegionTold), help="When one is told the region.", example="at-configuration"),
    Key("isolation", choice(Isolation), help="How clients are kept apart.", example="own-instance"))

ACCESS_CONTROL = part(
    AccessControl(),
    Key("people", choice(WhoSees), help="Who may see data.", example="client-named"),
    Key("confidentiality", choice(Confidentiality), help="What they must have promised.", example="signed"),
    Key("allow_list_by", choice(AllowListBy), help="Who names the networks that operators may come from.", example="client"),
    Key("allow_list", listing(NETWORK), help="Networks that operators may come from; left out: any.", example="[192.0.2.0/24]"),
    Key("unmask", NAMES, help="Roles that see identity numbers whole; every other, and left out everybody, sees a mask with their last signs.",
        example="[owner]"))

SECURITY = part(
    Security(),
    Key("claims", listing(choice(SafetyClaim)), help="What the text says of how safe data is.", example="[reasonable, not-guaranteed]"),
    Key("encrypted", listing(choice(Encrypted)), help="Where data is encrypted.", example="[transport, storage]"),
    Key("details_on_request", FLAG, help="Whoever asks is told of the measures.", example="true"))
