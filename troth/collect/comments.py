"""Which comments stand under an article? Public words of people who posted them, while they permit it.

Source: the policy's warning that contributions are public; GDPR Art. 21
"""

from __future__ import annotations

import hashlib
from typing import Any

from troth.base.clock import instant
from troth.collect.published import revealed
from troth.policy.model import Policy
from troth.workspace import Workspace

PURPOSE = "publication"
_SHOWN = frozenset({"post.article", "post.text", "contact.name"})
_SITE = "contact.website"


def warning_of(policy: Policy) -> tuple[str, str]:
    """The version (a hash) and the words of the warning to be shown before posting."""
    text = policy.notice.public_warning
    return "w" + hashlib.sha256(text.encode()).hexdigest()[:15], text


def comments_under(workspace: Workspace, article: str) -> list[dict[str, Any]]:
    """The comments under one article, oldest first: name, words, day, web site where the policy shows it. No e-mail address is ever shown."""
    purpose = workspace.policy.purposes.get(PURPOSE)
    shown = _SHOWN | ({_SITE} & frozenset(purpose.items if purpose else ()))
    grant = workspace.grant(PURPOSE, "public", "public", shown)
    events = revealed(workspace, grant, lambda view: view.events.filter(view.events["post.article"] == article))
    posts = [event for event in events if event.type == "comment" and event.items.get("post.article") == article]
    return [
        {"name": str(post.items.get("contact.name") or "Somebody"), "text": post.items["post.text"], "on": instant(post.at).date().isoformat()}
        | _site(post.items.get(_SITE))
        for post in sorted(posts, key=lambda post: post.at)
        if post.items.get("post.text")
    ]


def _site(given: object) -> dict[str, str]:
    """A commenter's web site, if it is an address that a browser may be led to."""
    return {"website": str(given)} if str(given).lower().startswith(("https://", "http://")) else {}
