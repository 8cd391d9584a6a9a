"""Where does the operator's side answer? The addresses of the console and of the programs' reports."""

from __future__ import annotations

from starlette.routing import Route

from troth.collect.door import Door
from troth.console.api import answering, calls_json, export, overview_json, refused_json
from troth.console.desk import DeskPages
from troth.console.operators import Operators
from troth.console.pages import Pages, open_to_all, posting, reading
from troth.console.seat import Doorkeeper
from troth.console.sessions import Sessions
from troth.console.talk_pages import routes as talk_routes
from troth.console.withdrawals import WithdrawalPages
from troth.workspace import House


def routes(house: House, door: Door) -> list[Route]:
    """The routes of this room; opens the operators' database."""
    operators = Operators(house.settings)
    return routes_for(Doorkeeper(house, operators, Sessions(house.settings, operators)), door)


def routes_for(keeper: Doorkeeper, door: Door | None = None) -> list[Route]:
    """The same for a doorkeeper there is; without a door nothing can be said in the chat."""
    pages, desk, spoken, at = Pages(keeper), DeskPages(), WithdrawalPages(keeper.house), "/{w}/console"
    read = {
        "/": pages.overview, "": pages.overview, "/calls": pages.calls, "/people": pages.people, "/people/{ref}": desk.journey,
        "/requests": desk.requests, "/requests/{id}": desk.request, "/refused": pages.refused, "/imports": pages.imports,
        "/policy": pages.policy, "/settings": pages.settings, "/withdrawals": spoken.form, "/workspaces": pages.workspaces,
    }  # fmt: skip
    post = {
        "/withdrawals": spoken.record, "/settings/reveal": pages.reveal, "/sign-out": pages.sign_out,
        "/people/{ref}/part": desk.part, "/requests/{id}/{act}": desk.act,
    }  # fmt: skip
    programs = {"overview": overview_json, "calls": calls_json, "refused": refused_json, "export": export}
    return [
        *talk_routes(keeper, door),
        Route(at + "/sign-in", open_to_all(lambda http, _form: pages.sign_in_form(http)), methods=["GET"]),
        Route(at + "/sign-in", open_to_all(pages.sign_in), methods=["POST"]),
        *(Route(at + path, posting(keeper, act), methods=["POST"]) for path, act in post.items()),
        *(Route(at + path, reading(keeper, page), methods=["GET"]) for path, page in read.items()),
        *(Route(f"/api/{{w}}/{name}", answering(keeper, answer), methods=["GET"]) for name, answer in programs.items()),
    ]
