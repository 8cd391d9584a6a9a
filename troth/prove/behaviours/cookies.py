"""Proofs of what rests in a browser: what a cookie keeps, whom it serves, and what becomes of a browser without it."""

from __future__ import annotations

import secrets

from troth.prove.browser import VIEW, Browser, browser, cookies_set
from troth.prove.registry import proves
from troth.prove.staff import at_the_console
from troth.prove.world import BERLIN, CALIFORNIA, VISITOR, World, check

ELSEWHERE = "https://elsewhere.example"


def _serving(world: World, cookie: str) -> tuple[str, ...]:
    """The purposes a cookie serves; raises Broken where the policy has no such cookie."""
    check(cookie in world.policy.cookies, f"the policy lists no cookie {cookie}")
    return world.policy.cookies[cookie].purposes


@proves(sabotage="forget-preferences")
def a_preference_lasts_as_long_as_its_cookie(world: World, purpose: str) -> None:
    check(purpose in _serving(world, VIEW), f"no cookie keeps a preference for {purpose}")
    someone = browser(world, allowing=(purpose,))
    word = "w" + secrets.token_hex(4)
    check(someone.viewed()["view"] == {}, "somebody who chose nothing is not shown the usual pages")
    set_by = someone.prefers(word)
    check(set_by.json().get("kept") and someone.jar.get(VIEW), "a preference was not kept in its cookie")
    check(someone.viewed()["view"] == {"preference": word}, "a preference is not applied on return")
    with world.centre().by_browser(someone.person) as centre:
        check(centre.items().get("view.preference") == [word], "a preference is not kept under the browser's own id")
    someone.lose(VIEW)
    after = someone.viewed()
    check(after["view"] == {} and after["status"] == 200, "without its cookie the usual pages are not shown")


@proves(sabotage="keep-refused-preferences")
def a_refused_preference_leaves_the_usual_page(world: World, purpose: str) -> None:
    check(purpose in _serving(world, VIEW) and VIEW in world.page("/cookies"), "the cookies page does not list what keeps a preference")
    someone = browser(world, allowing=(purpose,))
    word = "w" + secrets.token_hex(4)
    someone.prefers(word)
    check(someone.viewed()["view"] == {"preference": word}, "a preference is not applied while a visit lasts")
    someone.person.withdraw_all()
    check(someone.viewed()["view"] == {}, "a preference is applied after its cookie was refused")
    check(VIEW not in someone.jar, "a cookie was left in the browser of somebody who refused it")
    never = browser(world, BERLIN)
    never.person.refuse_all()
    answer = never.prefers("w" + secrets.token_hex(4))
    check(VIEW not in never.jar and not answer.json().get("kept"), "a cookie was set for somebody who refused it")
    check(answer.json().get("why") or answer.json().get("message"), "nobody is told why their preference is not kept")


@proves(sabotage="any-purpose")
def a_cookie_serves_one_purpose_alone(world: World, cookie: str, purpose: str) -> None:
    check(_serving(world, cookie) == (purpose,), f"the cookie {cookie} is not listed for {purpose} alone")
    check(world.policy.purposes[purpose].label in world.page("/cookies"), "the cookies page does not say what the cookie serves")
    someone = browser(world, allowing=tuple(world.policy.purposes))
    word = "w" + secrets.token_hex(4)
    someone.prefers(word)
    check([row for row in world.events(purpose) if row["items"].get("view.preference") == word], f"{purpose} does not see what its cookie keeps")
    for other in world.policy.purposes:
        if other != purpose:
            check(word not in str(world.events(other)), f"{other} sees what the cookie {cookie} keeps")


@proves(sabotage="trust-any-site")
def cookies_are_set_where_the_service_is_installed_alone(world: World, cookie: str) -> None:
    serving = _serving(world, cookie)
    installed = browser(world, allowing=serving)
    installed.prefers("w" + secrets.token_hex(4))
    check(cookie in installed.jar, "a page of a site where the service is installed sets no cookie")
    elsewhere = browser(world, allowing=serving)
    answer = elsewhere.prefers("w" + secrets.token_hex(4), ELSEWHERE)
    check(answer.status_code == 403 and not elsewhere.ever, "a site where nothing is installed sets our cookie")
    with at_the_console(world) as console:
        own = set(console.http.cookies) & set(world.policy.cookies)
        check(own, "the service itself sets no cookie that the policy lists")


@proves(sabotage="believe-any-cookie")
def a_cookie_keeps_somebody_signed_in(world: World, cookie: str) -> None:
    check(_serving(world, cookie) == (), f"the cookie {cookie} is not strictly necessary")
    with at_the_console(world) as console:
        token = console.http.cookies.get(cookie)
        check(token, f"signing in sets no cookie {cookie}")
        for _ in range(2):
            check(console.get().status_code == 200, "somebody signed in is not recognised when they return")
        for forged in ("", secrets.token_urlsafe(32), str(token)[:-2] + ("AA" if not str(token).endswith("AA") else "BB")):
            headers = {"accept": "text/html"} | ({"cookie": f"{cookie}={forged}"} if forged else {})
            answer = world.http.get(f"/{world.workspace}/console/", headers=headers)
            asked = answer.status_code == 303 and "/sign-in" in answer.headers.get("location", "")
            check(asked, "a forged cookie is taken for a sign-in" if forged else "somebody without the cookie is not asked to sign in")


def _every_cookie(world: World) -> list[tuple[str, str]]:
    """Each cookie that the service sets, with its value: on a site, at the console, in the privacy centre."""
    someone = browser(world, allowing=tuple(world.policy.purposes))
    someone.person.view("/")
    for path in ("/policy", "/cookies", "/privacy", "/consent"):
        someone.get(path)
    if VIEW in world.policy.cookies:
        someone.prefers("w" + secrets.token_hex(4))
    found = [*someone.ever]
    address = str(world.known().values["contact.email"])
    with world.centre().by_mail(address) as centre:
        found += [(one.name, str(one.value)) for one in centre.http.cookies.jar]
    shown = world.http.get(f"/{world.workspace}/console/sign-in", headers={"accept": "text/html"})
    found += [(name, value) for name, value, _ in cookies_set(shown)]
    with at_the_console(world) as console:
        found += [(one.name, str(one.value)) for one in console.http.cookies.jar]
    check(len({name for name, _ in found}) > 1, "the service sets no cookies to look at")
    return found


@proves(sabotage="hide-a-cookie-that-is-set")
def every_cookie_that_is_set_is_listed(world: World) -> None:
    asked = world.visitor().asked()
    page, notice = world.page(asked["cookies_url"].removeprefix(f"/{world.workspace}")), world.page("/policy")
    check("cookies" in notice, "the notice does not lead to the cookies")
    for name in sorted({name for name, _ in _every_cookie(world)} | set(world.policy.cookies)):
        check(name in page, f"the cookies page does not list {name}")
    for cookie in world.policy.cookies.values():
        check(cookie.provider in page, f"the cookies page does not say who sets {cookie.name}")


@proves(sabotage="write-a-name-into-a-cookie")
def cookies_hold_opaque_words_alone(world: World) -> None:
    for name, value in _every_cookie(world):
        check("@" not in value and "%40" not in value and " " not in value, f"the cookie {name} holds more than an opaque word")
        check(not value.isdigit() or len(value) < 7, f"the cookie {name} holds a number that could be somebody's")
    told = {"flagged": _flagged(world, _visit(cookies={next(iter(world.policy.cookies)): world.address().replace("@", "%40")}))}
    check(any(code == "personal-value" for code, _ in told["flagged"]), "a cookie with an e-mail address passes the check")
    someone = browser(world, allowing=_serving(world, VIEW))
    address = world.address()
    someone.prefers(address)
    check(address.partition("@")[0] not in str(someone.ever), "an e-mail address was written into a cookie")


def _first_view(world: World) -> tuple[Browser, int]:
    someone = browser(world, refuses=True)
    return someone, someone.person.view("/", anonymous=True)["status"]


@proves(sabotage="fail-without-cookies")
def a_browser_without_cookies_is_served_and_told_what_is_missing(world: World) -> None:
    someone, status = _first_view(world)
    check(status == 200, "a page view without cookies meets an error")
    for path in ("/policy", "/cookies", "/privacy", "/consent", "/promises"):
        check(someone.get(path).status_code == 200, f"{path} is not served without cookies")
    kept = someone.prefers("w" + secrets.token_hex(4))
    check(kept.status_code == 200 and not kept.json()["kept"] and not someone.ever, "something is kept in a browser that refuses cookies")
    check("cookie" in str(kept.json().get("why")), "nobody is told why what rests on cookies is off")
    shown = someone.viewed()
    check(shown["view"] == {} and "cookie" in str(shown.get("why")), "the usual page is not shown, with the reason")
    check(world.visitor(CALIFORNIA).asked()["asking"]["without_cookies"] == "serve", "a browser is not told that it is served without cookies")


@proves(sabotage="serve-everybody")
def a_browser_without_cookies_may_be_refused_and_is_told_why(world: World) -> None:
    someone, _ = _first_view(world)
    for answer in (someone.prefers("w" + secrets.token_hex(4)), someone.get("/view")):
        refused = answer.status_code == 403 and answer.json().get("code") == "cookies-needed"
        check(refused and "cookie" in answer.json()["message"], "who has no cookies is not refused with an explanation")
    allowing = browser(world, allowing=_serving(world, VIEW))
    check(allowing.prefers("w" + secrets.token_hex(4)).status_code == 200, "who has cookies is refused as well")
    check(someone.get("/policy").status_code == 200 and someone.get("/privacy").status_code == 200, "rights cannot be used without cookies")


@proves(sabotage="load-every-pixel")
def a_pixel_is_noted_with_permission_and_empty_without(world: World, event: str, item: str) -> None:
    purposes = [one.id for one in world.policy.purposes.values() if event in one.events and item in one.items]
    check(purposes, f"no purpose sees {item} of {event}")
    page = world.policy.site.origins[0] + "/"

    def load(someone: Browser) -> tuple[int, int]:
        fields = {"key": world.access["publishable_key"], "visitor": someone.person.id, "tz": someone.person.tz} | someone._flag()
        answer = world.http.get(f"/{world.workspace}/pixel.gif", params=fields, headers={"referer": page, "user-agent": "Mozilla/5.0 Firefox/140.0"})
        return answer.status_code, len(answer.content)

    def noted(someone: Browser) -> list[str]:
        rows = [row for row in world.events(purposes[0]) if row["event"] == event]
        return [row["items"].get(item) for row in rows if row["items"].get(VISITOR) == someone.person.id]

    allowing, refusing = browser(world, allowing=tuple(purposes)), browser(world)
    refusing.person.refuse_all()
    shown, empty = load(allowing), load(refusing)
    check(shown[0] == 200 and shown[1] > 0 and noted(allowing) == ["pixel"], "a pixel that is permitted is not noted with its technology")
    check(empty == (204, 0) and not noted(refusing), "a pixel was answered and noted without permission")


def _visit(
    *, cookies: dict[str, str] | None = None, headers: dict[str, str] | None = None, host: str = "outside.example", kind: str = ""
) -> dict[str, object]:
    """One request of a recorded visit, to somebody outside."""
    set_by = [{"name": "set-cookie", "value": f"{name}={value}; Path=/"} for name, value in (cookies or {}).items()]
    given = [{"name": name, "value": value} for name, value in (headers or {}).items()]
    picture = {"mimeType": "image/gif", "size": 43} if kind == "pixel" else {"mimeType": "text/html", "size": 5000}
    return {"_resourceType": kind, "request": {"url": f"https://{host}/x"}, "response": {"headers": set_by + given, "content": picture}}


def _flagged(world: World, *entries: dict[str, object], refused: tuple[str, ...] = ()) -> set[tuple[str, str]]:
    answer = world.program("POST", "/cookies/check", {"recording": {"log": {"entries": list(entries)}}, "refused": list(refused)})
    check(answer["status"] == 200, "a recorded visit cannot be compared with the list")
    return {(one["code"], one["name"]) for one in answer["list"]}


def _mark(world: World, storage: str) -> str:
    return next((one.name for one in world.policy.cookies.values() if one.storage == storage), "")


_CACHED = {"etag": "w/1", "cache-control": "private, max-age=31536000"}


@proves(sabotage="list-everything")
def what_others_set_is_listed_and_anything_else_is_flagged(world: World, technologies: tuple[str, ...] = ("cookie",)) -> None:
    own = world.policy.organisation.name.split()[0].casefold()
    page = world.page("/cookies")
    for cookie in world.policy.cookies.values():
        check(cookie.name in page and cookie.provider in page, f"the cookies page does not say who sets {cookie.name}")
        check(all(world.policy.purposes[one].label in page for one in cookie.purposes), f"the cookies page does not say what {cookie.name} is for")
    if technologies != ("cookie",):
        outside = {one.storage for one in world.policy.cookies.values() if not one.provider.casefold().startswith(own)}
        check(set(technologies) <= outside, "a technology that others may use is not listed with who uses it")
    listed = next(iter(world.policy.cookies))
    check(not _flagged(world, _visit(cookies={listed: "v1"})), "a cookie that is listed is flagged")
    check(("unlisted-cookie", "_stranger") in _flagged(world, _visit(cookies={"_stranger": "v1"})), "a cookie that nobody listed is not flagged")
    for storage, entry in (("pixel", {"kind": "pixel"}), ("beacon", {"kind": "ping"}), ("http-cache", {"headers": _CACHED})):
        if storage not in technologies:
            continue
        check(not _flagged(world, _visit(host=_mark(world, storage), **entry)), f"a {storage} that is listed is flagged")
        strange = _flagged(world, _visit(host="stranger.example", **entry))
        check(("unlisted-technology", "stranger.example") in strange, f"a {storage} that nobody listed is not flagged")


@proves(sabotage="list-everything")
def an_outside_cookie_is_listed_and_waits_for_a_yes(world: World, cookie: str, kind: str) -> None:
    found, page = world.policy.cookies.get(cookie), world.page("/cookies")
    check(found and cookie in page and found.provider in page, f"the cookies page does not say who sets {cookie}")
    assert found is not None
    check({str(world.policy.purposes[one].kind) for one in found.purposes} == {kind}, f"the cookie {cookie} is not listed for {kind}")
    someone = browser(world)
    asked = someone.asked()
    told = [one["purposes"] for one in asked["cookies"] if one["name"] == cookie]
    check(told == [list(found.purposes)], "a browser is not told which choice the cookie waits for")
    modes = {one["id"]: one["mode"] for one in asked["purposes"]}
    check(all(modes.get(one) == "ask-before" for one in found.purposes), "the cookie does not wait for a yes")
    met = _visit(cookies={cookie: "v1"}, host="provider.example")
    check(not _flagged(world, met), "the cookie is flagged for somebody who accepted")
    check(("refused-cookie", cookie) in _flagged(world, met, refused=found.purposes), "the cookie is not flagged for somebody who declined")
    someone.jar[cookie] = "v1"
    someone.press("reject-all")
    check(cookie not in someone.jar, "the cookie stays in the browser of somebody who declined")
