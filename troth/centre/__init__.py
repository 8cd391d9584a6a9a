"""What does a person meet? The privacy centre, leaving a list, and the public pages of notice, cookies and versions.

It reads no store: what is held comes through `troth.rights`, each time with the grant of the person's own right.
"""

from __future__ import annotations

from starlette.routing import Route

from troth.centre import chat, confirm, pages, receipts, unsubscribe
from troth.centre.acts import acts
from troth.centre.data import data
from troth.centre.desk import Desk
from troth.centre.front import front
from troth.centre.mine import mine
from troth.centre.ways import ways
from troth.collect.door import Door
from troth.workspace import House


def routes(house: House, door: Door | None = None) -> list[Route]:
    """The routes of this room."""
    desk = Desk(house)
    chatting = chat.routes(house, door) if door is not None else []
    public = [*pages.routes(house), *receipts.routes(house), *unsubscribe.routes(house), *confirm.routes(house, door)]
    return [*chatting, *public, *front(desk), *mine(desk), *ways(desk), *data(desk), *acts(desk)]


__all__ = ["routes"]
