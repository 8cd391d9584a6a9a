"""Does a changed rule of conduct or of rights let more be done than before? One rule for every such field.

A word moves along its list from the strictest to the loosest (`conduct`, `demands`). `FREE` fields may differ either
way: they say who or how, and permit nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from troth.policy.conduct import ChannelRules, Until
from troth.policy.demands import OF_AGE
from troth.policy.facts import Fact, field_facts
from troth.policy.model import Policy

Rule = Callable[[Fact, Policy, Policy], bool]


def longer(before: timedelta | None, after: timedelta | None) -> bool:
    """Whether `after` keeps longer; no limit is the longest."""
    return before is not None and (after is None or after > before)


def _never(fact: Fact, old: Policy, new: Policy) -> bool:
    return False


def _always(fact: Fact, old: Policy, new: Policy) -> bool:
    return True


def _further(fact: Fact, old: Policy, new: Policy) -> bool:
    """A word nearer the loose end of its list."""
    words: list[StrEnum] = list(fact.before.__class__)
    return words.index(fact.after) > words.index(fact.before)


def _joined(fact: Fact, old: Policy, new: Policy) -> bool:
    return fact.member and fact.before is None


def _left(fact: Fact, old: Policy, new: Policy) -> bool:
    return fact.member and fact.after is None


def _joined_open(fact: Fact, old: Policy, new: Policy) -> bool:
    """One more in a list that means any when it is empty, or its last one gone."""
    if not fact.member:
        return False
    return bool(_value(old, fact)) if fact.before is None else not _value(new, fact)


def _left_open(fact: Fact, old: Policy, new: Policy) -> bool:
    """One fewer in a list of what people may have, that means everything when it is empty; or its first one."""
    if not fact.member:
        return False
    return bool(_value(new, fact)) if fact.after is None else not _value(old, fact)


def _value(policy: Policy, fact: Fact) -> Any:
    value = getattr(policy, fact.section)
    value = value[fact.id] if fact.id else value
    for name in fact.field.split("."):
        value = getattr(value, name)
    return value


def _lower(fact: Fact, old: Policy, new: Policy) -> bool:
    return bool(fact.after < fact.before)


def _to(*values: Any) -> Rule:
    return lambda fact, old, new: fact.after in values


def _evidence(fact: Fact, old: Policy, new: Policy) -> bool:
    """One more act that counts as a yes, or one that is said to be a better yes than before."""
    return fact.before is None or (fact.after is not None and _further(fact, old, new))


def _asked_later(fact: Fact, old: Policy, new: Policy) -> bool:
    """A choice that holds longer before it is asked again. Without an end of its own it has that of the settings."""
    before, after = (_held(value, policy) for value, policy in ((fact.before, old), (fact.after, new)))
    return longer(before, after)


def _kept_longer(fact: Fact, old: Policy, new: Policy) -> bool:
    before, after = (policy.settings.ask_again_after if value is None else value for value, policy in ((fact.before, old), (fact.after, new)))
    return longer(before, after)


def _held(value: timedelta | Until | None, policy: Policy) -> timedelta | None:
    if isinstance(value, Until):
        return None
    return policy.settings.ask_again_after if value is None else value


def _yes(fact: Fact, old: Policy, new: Policy) -> bool:
    """Acceptance that counts as a better yes; none at all is the least."""
    return fact.before is None or (fact.after is not None and _further(fact, old, new))


def _younger(fact: Fact, old: Policy, new: Policy) -> bool:
    before, after = (OF_AGE if age is None else age for age in (fact.before, fact.after))
    return after < before


def _slower(fact: Fact, old: Policy, new: Policy) -> bool:
    return bool(fact.before is not None and (fact.after is None or fact.after > fact.before))


def _fewer(fact: Fact, old: Policy, new: Policy) -> bool:
    """A number people are given; none given is the law's own."""
    return fact.after is not None and (fact.before is None or fact.after < fact.before)


def _shorter_notice(fact: Fact, old: Policy, new: Policy) -> bool:
    return bool(fact.before is not None and (fact.after is None or fact.after < fact.before))


def _contact_lost(fact: Fact, old: Policy, new: Policy) -> bool:
    return not fact.after


def _lifted(fact: Fact, old: Policy, new: Policy) -> bool:
    """A limit that was there and is gone, or is another one."""
    return fact.before is not None


_TRUE, _FALSE = _to(True), _to(False)
FREE: Rule = _never

CONDUCT_RULES: Mapping[tuple[str, str], Rule] = {
    ("", "special_categories"): _further,
    ("basis", "default"): FREE,  # each purpose's own basis is compared
    ("basis", "notified"): _FALSE,
    ("asking", "mode"): _further,
    ("asking", "evidence"): _evidence,
    ("asking", "without_cookies"): _further,
    ("asking", "do_not_track"): _further,
    ("asking", "until"): _asked_later,
    ("asking", "manage_url"): FREE,
    ("asking", "browser_help"): FREE,
    ("asking", "analytics_opt_out"): _contact_lost,
    ("asking", "automatic"): _further,
    ("asking", "anonymous"): _FALSE,
    ("asking", "sole_kinds"): _joined_open,
    ("asking", "categories"): FREE,  # what counts for how much is `evidence`
    ("asking", "receipts_for"): _kept_longer,
    ("asking", "google_consent_mode"): _FALSE,
    ("acceptance", "by"): _further,
    ("acceptance", "counts_as"): _yes,
    ("acceptance", "required"): _TRUE,
    ("acceptance", "withdrawable"): _FALSE,
    ("acceptance", "item"): FREE,
    ("linking", "cookie_to_person"): _further,
    ("linking", "by"): _joined,
    ("linking", "purposes"): _joined,
    ("linking", "populations"): _joined_open,
    ("addresses", "counts_as"): _further,
    ("addresses", "may_block"): _TRUE,
    ("addresses", "disclosed_as"): _further,
    ("channels", "consent"): _further,
    ("channels", "purposes"): _joined,
    ("channels", "stop"): _left,
    ("channels", "stop_words"): _left,
    ("channels", "opt_out_text"): _contact_lost,
    ("channels", "condition_of_purchase"): _TRUE,
    ("channels", "carrier_charges"): FREE,
    ("channels", "automated"): _TRUE,
    ("channels", "recorded"): _further,
    ("channels", "announcement"): _contact_lost,
    ("channels", "transcripts"): _further,
    ("channels", "tracks"): _joined,
    ("channels", "quiet_hours"): _lifted,
    ("channels", "at_most"): _lifted,
    ("profiling", "allowed"): _further,
    ("profiling", "automated_decisions"): _further,
    ("profiling", "purposes"): _joined,
    ("profiling", "items"): _joined,
    ("sharing", "sale"): _further,
    ("sharing", "rent"): _further,
    ("sharing", "advertising_partners"): _further,
    ("sharing", "marketing_by_others"): _further,
    ("sharing", "across_sites"): _further,
    ("sharing", "beyond_providers"): _further,
    ("sharing", "exceptions"): _further,
    ("sharing", "confidentiality"): _further,
    ("sharing", "other_reasons"): _further,
    ("aggregates", "use"): _further,
    ("aggregates", "threshold"): _lower,
    ("aggregates", "opt_out"): _left,
    ("aggregates", "anonymised_to"): _joined,
    ("transfers", "by"): _further,
    ("transfers", "residency"): _further,
    ("transfers", "countries"): _joined_open,
    ("transfers", "told_before"): _FALSE,
    ("deployment", "offered"): FREE,
    ("deployment", "chosen"): FREE,
    ("deployment", "region_by"): FREE,
    ("deployment", "region_told"): FREE,
    ("deployment", "isolation"): _further,
    ("access_control", "people"): _further,
    ("access_control", "confidentiality"): _further,
    ("access_control", "allow_list_by"): FREE,  # the list itself is compared
    ("access_control", "allow_list"): _joined_open,
    ("access_control", "unmask"): _joined,
    ("security", "claims"): FREE,
    ("security", "encrypted"): _left,
    ("security", "details_on_request"): _FALSE,
    ("rights", "offered"): _left_open,
    ("rights", "only_under"): _left_open,
    ("rights", "routes"): _left,
    ("rights", "answer_within"): _slower,
    ("rights", "per_year"): _fewer,
    ("rights", "by_agreement"): _TRUE,
    ("rights", "verification.when"): FREE,
    ("rights", "verification.by"): FREE,
    ("rights", "fees.first"): _further,
    ("rights", "fees.excessive"): _further,
    ("rights", "fees.after"): _lower,
    ("rights", "fees.refuse_on"): _joined,
    ("rights", "erasure.grounds"): _left_open,
    ("rights", "erasure.reasons_asked"): _TRUE,
    ("rights", "restriction.grounds"): _left_open,
    ("rights", "restriction.of"): _further,
    ("rights", "restriction.written"): _TRUE,
    ("rights", "objection.marketing"): _further,
    ("rights", "objection.others"): _further,
    ("rights", "objection.profiling"): _further,
    ("rights", "portability.of"): _further,
    ("rights", "portability.under"): _left_open,
    ("rights", "portability.formats"): _left,
    ("rights", "portability.to"): _left,
    ("rights", "portability.free"): _FALSE,
    ("rights", "portability.direct"): _FALSE,
    ("children", "age"): _younger,
    ("children", "then"): _further,
    ("free_text", "card"): _further,
    ("free_text", "national_id"): _further,
    ("free_text", "special"): _further,
    ("complaints", "first"): FREE,
    ("complaints", "regulator"): _further,
    ("complaints", "email"): FREE,
    ("complaints", "procedure"): FREE,
    ("announcements", "advance"): _shorter_notice,
    ("announcements", "when"): _left,
    ("announcements", "individually"): _FALSE,
    ("announcements", "by"): _left,
    ("announcements", "effective"): _further,
    ("announcements", "reasons"): FREE,
    ("announcements", "purpose"): FREE,
}


def channel_widens(fact: Fact, old: Policy, new: Policy) -> bool:
    """Whether a channel's rules that came or went let more be done than rules that say nothing."""
    blank = ChannelRules(fact.id)
    said = field_facts("channels", fact.id, fact.before or blank, fact.after or blank)
    return any(CONDUCT_RULES["channels", one.field](one, old, new) for one in said)
