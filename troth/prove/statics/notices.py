"""Do the published texts look and change as the policy says? Analyses of the printed notice and of what a change would ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

from troth.base.errors import Fault
from troth.policy.announcing import announcing, check_minor, check_notice_given, check_reason, effective_at
from troth.policy.demands import AnnouncedBy, AnnouncedWhen, Announcements, RevisedFor, TakesEffect
from troth.policy.model import Policy, Recipient
from troth.policy.notice import as_html, cookie_page, notice
from troth.policy.shapes import DURATION
from troth.prove.registry import proves_static
from troth.prove.statics import altering
from troth.prove.statics.looking import in_effect, only_told, phrase, says, told, told_in

_DAY = timedelta(days=1)


# the printed page


def _elsewhere(policy: Policy, at: str, shows: tuple[str, ...] = ()) -> Policy:
    return altering.section(policy, "notice", date_at="bottom" if at != "bottom" else "top", version_shown=False)


@proves_static(breaks=_elsewhere)
def places_the_date(policy: Policy, at: str, shows: tuple[str, ...] = ()) -> Iterator[str]:
    """The line of dates of the printed notice stands where the policy says, and holds the day of the last change and what else is shown."""
    page = notice(policy, "versions")
    html = as_html(page)
    place = html.index(page.dated) / len(html) if page.dated in html else -1
    if place < 0 or (place > 0.5) is not (at == "bottom"):
        yield f"the printed notice does not show its date at the {at}"
    if at == "upper-right" and "dated-upper-right" not in html:
        yield "the date does not stand at the right"
    days = f"{policy.changed_on.day} {policy.changed_on:%B %Y}"
    if not says(page.dated.casefold(), days):
        yield "the day of the last change is not shown"
    if "version" in shows and not says(page.dated.casefold(), phrase(policy, "dated.version", version=policy.version)):
        yield "the version is not shown"


def _apart(policy: Policy) -> Policy:
    return altering.section(policy, "notice", combined=False)


@proves_static(breaks=_apart)
def combines_privacy_and_cookies(policy: Policy) -> Iterator[str]:
    """The one text holds the whole list of cookies beside the uses of data, under one version."""
    words = told_in(policy, "cookies")
    missing = [cookie.name for cookie in policy.cookies.values() if not says(words, cookie.name)]
    yield from (f"the policy's own text does not hold cookie {name}" for name in missing)
    if not policy.cookies or notice(policy, "versions").dated != cookie_page(policy).dated:
        yield "the two do not bear one date"


def _unlicensed(policy: Policy) -> Policy:
    return altering.section(policy, "notice", licence=None)


@proves_static(breaks=_unlicensed)
def shows_licence(policy: Policy) -> Iterator[str]:
    """Whose text it is and that it may be used on the same terms stands in the published text."""
    licence = policy.notice.licence
    if licence is None or not licence.share_alike:
        yield "the policy names no licence that must be passed on"
        return
    words = told_in(policy, "licence")
    if not says(words, licence.credit) or not says(words, phrase(policy, "licence.alike")):
        yield "the published text does not show its credit and its terms"


def _unreviewed(policy: Policy) -> Policy:
    return altering.section(policy, "notice", reviewed_on=None)


@proves_static(breaks=_unreviewed)
def shows_review(policy: Policy) -> Iterator[str]:
    """The month of the last review stands in the published text, and is no later than the policy."""
    on = policy.notice.reviewed_on
    if on is None or not says(notice(policy, "versions").dated.casefold(), f"{on:%B %Y}"):
        yield "the published text does not show when it was last reviewed"
    elif on > policy.effective_on:
        yield "the review is said to be later than the policy itself"


def _silence(policy: Policy, what: tuple[str, ...]) -> Policy:
    return altering.section(policy, "notice", **dict.fromkeys(what, ""))


@proves_static(breaks=_silence, name="says")
def states(policy: Policy, what: tuple[str, ...]) -> Iterator[str]:
    """The policy's own sentences on these matters stand in what people read."""
    words = told(policy)
    for one in what:
        if not says(words, str(getattr(policy.notice, one))):
            yield f"people read nothing of {one}"


def _boundless(policy: Policy) -> Policy:
    return replace(altering.section(policy, "notice", boundary=""), site=replace(policy.site, external_note=""))


@proves_static(breaks=_boundless)
def marks_the_boundary(policy: Policy) -> Iterator[str]:
    """The notice says where this policy ends, and links that leave are given a note that says so."""
    if not says(told_in(policy, "boundary"), policy.notice.boundary):
        yield "the notice does not say where this policy ends"
    if policy.site.origins and not policy.site.external_note.strip():
        yield "nothing tells visitors that a link leaves the site"


# changes


def wider(policy: Policy) -> dict[str, Policy]:
    """A next version for each kind of change: in who is given data, in what it is used for, and in nothing that matters."""
    first = next(iter(policy.purposes))
    stranger = Recipient("a-new-recipient", "A new recipient", "hosting", "GB", (first,), policy.purposes[first].items[:1])
    more = next((item for item in policy.items if item not in policy.purposes[first].items), "")
    use = altering.purposes(policy, [first], lambda one: replace(one, items=(*one.items, more)))
    return {
        "disclosure": replace(policy, recipients={**policy.recipients, stranger.id: stranger}),
        "use": use,
        "material": use,
        "small": altering.section(policy, "notice", contact=f"{policy.notice.contact} Thank you."),
    }


def _announce_nothing(policy: Policy, when: tuple[str, ...], by: tuple[str, ...] = (), advance: str = "") -> Policy:
    return replace(policy, announcements=Announcements())


@proves_static(breaks=_announce_nothing)
def announces(policy: Policy, when: tuple[str, ...], by: tuple[str, ...] = (), advance: str = "") -> Iterator[str]:
    """A change of this kind must be told beforehand and cannot take effect sooner, nor pass for a small one; people read so."""
    at, versions = in_effect(policy), wider(policy)
    for kind in when:
        found = announcing(policy, versions["material" if kind == "any" else kind], at)
        if not found.needed or found.no_sooner is None:
            yield f"a change of {kind} needs no announcement beforehand"
            continue
        if not _faults(partial(check_notice_given, found, at)):
            yield f"a change of {kind} may take effect at once"
        if _faults(partial(check_notice_given, found, found.no_sooner)):
            yield f"a change of {kind} may not take effect even after its announcement"
        if not _faults(partial(check_minor, found)):
            yield f"a change of {kind} passes for a small one"
    promised = policy.announcements.advance
    if advance and (promised is None or DURATION.write(promised) != advance):
        yield "changes are announced another time beforehand"
    yield from (f"changes are not announced by {way}" for way in by if way not in policy.announcements.by)
    if not only_told(policy, _announce_nothing(policy, when)):
        yield "people do not read that such changes are announced"


def _faults(check: Callable[[], object]) -> bool:
    try:
        check()
    except Fault:
        return True
    return False


def _announce_all(policy: Policy) -> Policy:
    return altering.section(policy, "announcements", when=(AnnouncedWhen.ANY,), advance=30 * _DAY)


@proves_static(breaks=_announce_all)
def announces_nothing_small(policy: Policy) -> Iterator[str]:
    """A change of mere words needs no announcement and takes effect when it is posted; it is still a version with its date."""
    at, small = in_effect(policy), wider(policy)["small"]
    found = announcing(policy, small, at)
    if found.needed or found.material or found.no_sooner is not None:
        yield "a small change must be announced"
    if _faults(partial(check_minor, found)) or _faults(partial(check_notice_given, found, at)):
        yield "a small change may not take effect at once"


def _by_letter(policy: Policy) -> Policy:
    return altering.section(policy, "announcements", when=(AnnouncedWhen.ANY,), individually=True, by=(AnnouncedBy.EMAIL,))


@proves_static(breaks=_by_letter)
def tells_nobody_individually(policy: Policy) -> Iterator[str]:
    """No change, however wide, sends anybody a message; it may take effect at once."""
    at = in_effect(policy)
    for kind, version in wider(policy).items():
        found = announcing(policy, version, at)
        if found.by_mail or found.no_sooner is not None:
            yield f"a change of {kind} is told to people one by one, or must wait"


def _on_a_date(policy: Policy) -> Policy:
    return altering.section(policy, "announcements", effective=TakesEffect.ON_DATE)


@proves_static(breaks=_on_a_date)
def effective_on_posting(policy: Policy) -> Iterator[str]:
    """A version that says it holds later than it is posted is refused, one that says today holds from then on; people read so."""
    at = in_effect(policy)
    later = replace(policy, effective_on=policy.effective_on + 10 * _DAY)
    if not _faults(partial(effective_at, policy.announcements, later, at)):
        yield "a version may be posted that does not hold yet"
    if effective_at(policy.announcements, policy, at) != at:
        yield "a version does not hold from when it is posted"
    if not only_told(policy, _on_a_date(policy)):
        yield "people do not read when a version takes effect"


def _reasonless(policy: Policy, reasons: tuple[str, ...]) -> Policy:
    return altering.section(policy, "announcements", reasons=())


@proves_static(breaks=_reasonless)
def gives_reasons(policy: Policy, reasons: tuple[str, ...]) -> Iterator[str]:
    """A version without a reason is refused, one with a reason that the policy names is taken, one with another is not; people read them."""
    if not _faults(partial(check_reason, policy.announcements, None)):
        yield "a version may be published without a reason"
    for reason in RevisedFor:
        if _faults(partial(check_reason, policy.announcements, reason)) is (str(reason) in reasons):
            yield f"the reason {reason} is {'refused' if str(reason) in reasons else 'taken'}"
        if str(reason) in reasons and not says(told_in(policy, "changes"), phrase(policy, f"revised.{reason}")):
            yield f"people do not read of the reason {reason}"
