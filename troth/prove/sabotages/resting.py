"""Sabotages of what rests in a browser."""

from __future__ import annotations

import secrets
from typing import Any

from starlette.responses import Response

from troth.collect import scriptless
from troth.collect.origins import Origins
from troth.collect.scriptless import Kept
from troth.console.sessions import Sessions
from troth.prove import scan
from troth.prove.sabotage import sabotage
from troth.prove.sabotages.telling import without

Changes = list[tuple[Any, Any, Any]]


@sabotage("whatever a visit met is said to be listed")
def list_everything() -> Changes:
    return [(scan, "_flags", lambda met, listed, refused: iter(()))]


@sabotage("a way of viewing that somebody chose is forgotten at once")
def forget_preferences() -> Changes:
    return [(scriptless, "words_in", lambda text: {})]


@sabotage("a refused cookie is set all the same, and believed")
def keep_refused_preferences() -> Changes:
    return [(scriptless, "_permits", lambda workspace, cookie, visitor: True)]


@sabotage("any site may set our cookie")
def trust_any_site() -> Changes:
    return [(Origins, "headers", lambda self, http: {"access-control-allow-origin": http.headers.get("origin", "*")})]


@sabotage("any cookie is taken for a sign-in")
def believe_any_cookie() -> Changes:
    honest = Sessions.find

    def find(self: Any, token: Any) -> Any:
        found = honest(self, token)
        if found is not None:
            seen.append(found)
        return found or (seen[-1] if seen and token else None)

    seen: list[Any] = []
    return [(Sessions, "find", find)]


@sabotage("a cookie is set that no page lists")
def hide_a_cookie_that_is_set() -> Changes:
    return without(lambda policy: ["troth_centre"])


@sabotage("a cookie holds what somebody typed")
def write_a_name_into_a_cookie() -> Changes:
    class Any_:
        def fullmatch(self, text: str) -> bool:
            return True

    return [(scriptless, "_WORD", Any_())]


@sabotage("without cookies there is only an error")
def fail_without_cookies() -> Changes:
    return [(scriptless, "_usual", lambda *_given, **_more: Response(status_code=500))]


@sabotage("whoever has no cookies is served like anybody")
def serve_everybody() -> Changes:
    class Never:
        MAY_DENY = secrets.token_hex(4)

    return [(scriptless, "WithoutCookies", Never)]


@sabotage("every pixel is answered, whatever was permitted")
def load_every_pixel() -> Changes:
    honest = scriptless._Scriptless._keep

    async def keep(self: Any, *given: Any, **more: Any) -> Kept:
        await honest(self, *given, **more)
        return Kept()

    return [(scriptless._Scriptless, "_keep", keep)]
