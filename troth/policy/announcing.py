"""How must a change be announced, and when may it take effect? As the version that stands promised; it announces nothing.

What binds is the promise of the version that people read last, not what the new version says of announcements: nobody
takes a promise back with the very change that it was about.
Source: GDPR Art. 12(1), 13(3); WP260 par. 29-31; VARIANTS.md "Notice version and change notice"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from troth.base.clock import instant, micros
from troth.base.errors import Fault
from troth.policy.demands import AnnouncedBy, AnnouncedWhen, Announcements, RevisedFor, TakesEffect
from troth.policy.material import DISCLOSURE, USE, Material, MaterialChange, materials
from troth.policy.model import Policy
from troth.policy.words import day

_DAY = timedelta(days=1)
_KINDS: Mapping[AnnouncedWhen, frozenset[Material]] = {
    AnnouncedWhen.DISCLOSURE: DISCLOSURE, AnnouncedWhen.USE: USE, AnnouncedWhen.MATERIAL: frozenset(Material), AnnouncedWhen.ANY: frozenset(Material),
}
REVISED_FOR: Mapping[RevisedFor, str] = {
    RevisedFor.NEW_FEATURES: "new features", RevisedFor.LAW: "the law", RevisedFor.INDUSTRY_PRACTICE: "the practice of the industry",
}


@dataclass(frozen=True, slots=True)
class Announcing:
    """What a new version changes, and how that must be told. `by_mail`: each person concerned, by message.

    `material` are the changes that matter, `told` those that the promise is about; `told` may be empty although
    `needed`, where every change is announced. `no_sooner` is None where no time must pass.
    """

    material: tuple[MaterialChange, ...] = ()
    told: tuple[MaterialChange, ...] = ()
    needed: bool = False
    by_mail: bool = False
    no_sooner: datetime | None = None


def announcing(old: Policy | None, new: Policy, at: datetime) -> Announcing:
    """What the promises of `old` ask for when `new` is published at an instant. A first version has nobody to tell."""
    if old is None:
        return Announcing()
    promised, changes = old.announcements, tuple(materials(old, new))
    told = tuple(one for one in changes if any(one.type in _KINDS[when] for when in promised.when))
    needed = bool(told) or AnnouncedWhen.ANY in promised.when
    by_mail = needed and promised.individually and AnnouncedBy.EMAIL in promised.by
    no_sooner = at + promised.advance if needed and promised.advance else None
    return Announcing(changes, told, needed, by_mail, no_sooner)


def effective_at(promised: Announcements, new: Policy, at: datetime) -> datetime:
    """When a version published at an instant takes effect: the start of its day (UTC), and never before it was published.

    Raises `effective-on-posting` where every version is promised to hold from the moment it is posted.
    """
    starts = datetime.combine(new.effective_on, datetime.min.time(), UTC)
    if promised.effective is TakesEffect.ON_POSTING and starts > at:
        message = f"the policy promises that a version takes effect when it is posted, and this one says {day(new.effective_on)}"
        raise Fault("effective-on-posting", message, help=f"--effective-on {at.date()}", status=409)
    return max(starts, at)


def check_notice_given(found: Announcing, starts: datetime) -> None:
    """Raise `notice-too-short` when a version would take effect sooner than its announcement promises."""
    if found.no_sooner is None or starts >= found.no_sooner:
        return
    on = first_day_after(found.no_sooner)
    because = f": {found.told[0].change}" if found.told else ""
    message = f"this change must be announced first, so it takes effect no sooner than {day(on)}{because}"
    raise Fault("notice-too-short", message, help=f"--effective-on {on}", status=409)


def first_day_after(at: datetime) -> date:
    """The first day that begins at or after an instant."""
    return instant(micros(at) + micros(instant(0) + _DAY) - 1).date()


def check_minor(found: Announcing) -> None:
    """Raise `not-minor` when a version that is called a small change is none."""
    if found.material:
        said = "; ".join(f"{one.change} ({one.type})" for one in found.material[:3])
        raise Fault("not-minor", f"this is no small change: {said}", help="publish it without --minor", status=409)


def check_reason(promised: Announcements, reason: RevisedFor | None) -> None:
    """Raise `reason-needed` or `reason-not-promised` where the policy promises to record why it was revised."""
    if not promised.reasons:
        return
    listed = ", ".join(promised.reasons)
    if reason is None:
        raise Fault("reason-needed", "the policy promises to record why it is revised", help=f"--reason with one of: {listed}", status=409)
    if reason not in promised.reasons:
        raise Fault("reason-not-promised", f"the policy names other reasons for a revision than `{reason}`", help=f"one of: {listed}", status=409)


def check_purpose(old: Policy, new: Policy) -> str:
    """The purpose for which people are written to about the policy; raises `no-purpose-for-messages` when there is none.

    The purpose of the version that stands: messages are sent under it, before the new one holds.
    """
    named = old.announcements.purpose or new.announcements.purpose
    if named in old.purposes:
        return named
    message = "people are to be written to, but the policy in force names no purpose for that"
    raise Fault("no-purpose-for-messages", message, help="set `announcements.purpose` to the purpose for messages about the service", status=409)


def words_for(changes: Sequence[MaterialChange], population: str = "") -> list[str]:
    """The changes as sentences; with a population, those that concern it."""
    return [str(one.change) for one in changes if not population or population in one.populations]


REVIEWED_EVERY = timedelta(days=365)


def review_due_on(policy: Policy) -> date | None:
    """The day a policy that says when it was last reviewed is due to be reviewed again; None when it says nothing."""
    reviewed_on = policy.notice.reviewed_on
    return reviewed_on + REVIEWED_EVERY if reviewed_on else None
