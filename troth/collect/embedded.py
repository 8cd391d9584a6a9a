"""What may a page do without a press: tags of others, embedded films, cookies, going on? It says on which purposes that hangs, no more.

A tag names purposes in `data-purpose`; `troth.js` runs it once one of them is permitted. Google's tags hear what was
chosen as the six signals that follow a choice. A person known from elsewhere brings along what they forbade there.
Source: Directive 2002/58/EC Art. 5(3); Google Consent Mode v2; GDPR Art. 7(3), 18, 21(3)
"""

from __future__ import annotations

from troth.collect import choices
from troth.consent.record import PROHIBITIONS, forbidden_elsewhere
from troth.consent.standing import read_standing
from troth.policy.model import Kind, Permission, Policy, permission_under, wants_one_given
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.workspace import Workspace

# Reading: a signal of Google's is granted when every purpose of its kind is; one that no purpose answers to stays denied (docs/decisions/0027).
SIGNALS: dict[str, Kind] = {
    "ad_storage": Kind.ADVERTISING,
    "ad_user_data": Kind.ADVERTISING,
    "ad_personalization": Kind.ADVERTISING,
    "analytics_storage": Kind.STATISTICS,
    "functionality_storage": Kind.PERSONALISATION,
    "personalization_storage": Kind.PERSONALISATION,
}


def needless(policy: Policy, regime: str) -> list[str]:
    """The purposes for which nobody is asked under a regime: what hangs on them is there from the start."""
    return [id for id, purpose in policy.purposes.items() if permission_under(policy, purpose, regime) is Permission.NONE]


def signals(policy: Policy, regime: str) -> dict[str, list[str]]:
    """Google's signals, each with the purposes that must all be permitted for it; empty where the policy uses none."""
    if not policy.asking.google_consent_mode:
        return {}
    shown = [*choices.askable(policy, regime), *(policy.purposes[id] for id in needless(policy, regime))]
    return {signal: [purpose.id for purpose in shown if purpose.kind is kind] for signal, kind in SIGNALS.items()}


def readable(policy: Policy, regime: str) -> dict[str, list[str]]:
    """The purposes to which a yes may be read from what a browser's owner does, by the act: none where the law wants one that was given."""
    open_ones = [one.id for one in choices.askable(policy, regime) if not wants_one_given(policy, one, regime)]
    return {act: open_ones for act in choices.READ if policy.asking.evidence.get(choices.READ[act]) is not None}


def said_already(workspace: Workspace, visitor: str | None) -> dict[str, list[str]]:
    """What a browser's owner forbade where the browser did not see it: `elsewhere` under another name, `refused` under this one.

    A yes said elsewhere is not brought along, so that no no is outweighed.
    """
    none: dict[str, list[str]] = {"elsewhere": [], "refused": []}
    if not visitor or not 8 <= len(visitor) <= 128:
        return none
    with workspace.state.read() as conn:
        ref = directory.find(conn, directory.hash_of(workspace.keys, IdentifierKind.ANONYMOUS, visitor))
        standing = read_standing(conn, ref) if ref is not None else None
        if standing is None:
            return none
        elsewhere = set(workspace.policy.purposes) if standing.restricted else forbidden_elsewhere(conn, standing.ref)
    refused = {purpose for purpose, state in standing.states.items() if state in PROHIBITIONS} - elsewhere
    return {"elsewhere": sorted(elsewhere), "refused": sorted(refused)}
