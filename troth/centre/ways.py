"""By which ways may I be written to? One button a channel that the policy writes by, beside the purposes.

A no to a channel ends its messages at once. Taking that back gives no permission that must be asked for: those have their own buttons.
Source: GDPR Art. 7(3), 21(2)-(3); docs/decisions/0028
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.responses import Response
from starlette.routing import Route

from troth.base.errors import Fault
from troth.centre.desk import Ask, Desk
from troth.consent.record import PROHIBITIONS, way
from troth.consent.standing import read_standings
from troth.disclose.ending import What, channels_of, end, resume
from troth.policy.language import language
from troth.policy.model import Policy

_LABELS = language("en").under("ways")


@dataclass(frozen=True, slots=True)
class ChannelShown:
    """One channel as the person meets it: what it is for, and whether it is used."""

    id: str
    label: str
    uses: tuple[str, ...]
    on: bool


def ways(desk: Desk) -> list[Route]:
    """The routes of channels."""
    return [desk.post("/channels", _choose)]


def shown(ask: Ask, conn: Connection) -> list[ChannelShown]:
    """The channels that somebody who showed a mailbox can choose among; a browser has none."""
    if ask.web_only:
        return []
    standings = read_standings(conn, ask.person.refs).values()
    said = {name for one in standings for name, state in one.states.items() if state in PROHIBITIONS}
    return [ChannelShown(id, label_of(id), _uses(ask.policy, id), way(id) not in said) for id in channels_of(ask.policy)]


def label_of(channel: str) -> str:
    """A channel's name as people read it."""
    return _LABELS.get(channel, channel)


def _uses(policy: Policy, channel: str) -> tuple[str, ...]:
    return tuple(policy.purposes[id].label for id in policy.channels[channel].purposes if id in policy.purposes)


def _choose(ask: Ask) -> Response:
    channel, word = ask.form.get("channel", ""), ask.form.get("say")
    if ask.web_only or channel not in channels_of(ask.policy) or word not in ("give", "stop"):
        raise Fault("bad-choice", "a choice names a channel of ours and what you say to it")
    with ask.workspace.state.write() as conn:
        for ref in sorted(ask.person.refs):
            if word == "stop":
                end(ask.workspace, conn, ref, What(channels=(channel,)), "centre")
            else:
                resume(ask.workspace, conn, ref, channel, "centre")
    return ask.back("", "channel-off" if word == "stop" else "channel-on")
