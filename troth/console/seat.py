"""Who sits at this page? Turns a session or an API key into an operator's seat in one workspace, or refuses.

A seat exists only where its operator holds a role: any other workspace, and any that does not exist, is the same
403. A parent's operator has no seat at a client's.
Source: OWASP CSRF prevention (synchroniser token, Origin check); RFC 6265bis (cookies); RFC 6750 (Bearer)
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from troth.base.errors import Fault
from troth.collect.chat import offer_of, purposes_of
from troth.console.operators import Operators
from troth.console.sessions import LONGEST, Session, Sessions
from troth.policy.model import Policy
from troth.reports.asking import Asker
from troth.workspace import House, Workspace

COOKIE = "troth_session"
BEFORE = "troth_before"  # ties a sign-in form to the browser it was shown to
OWNER = "owner"
TABS = (
    ("overview", "", "Overview"),
    ("calls", "calls", "Calls"),
    ("people", "people", "People"),
    ("refused", "refused", "Refused"),
    ("imports", "imports", "Imports"),
    ("policy", "policy", "Policy"),
)
OFFICER = "privacy-officer"
ANSWERING = frozenset({OWNER, OFFICER})  # the roles that may see and answer people's requests


def reads_chats(policy: Policy, role: str) -> bool:
    """Whether a role acts for a purpose that sees what is said in the chat."""
    offer = offer_of(policy)
    return offer is not None and not set(purposes_of(policy, offer)).isdisjoint(policy.roles.get(role, ()))


class SignedOut(Exception):
    """Nobody is signed in, so the page leads to the sign-in."""


class Elsewhere(Exception):
    """Somebody is signed in who holds no role in the workspace asked for."""

    def __init__(self, session: Session) -> None:
        self.session = session
        super().__init__("other-workspace")


@dataclass(frozen=True, slots=True)
class Seat:
    """An operator at work in one workspace."""

    workspace: Workspace
    session: Session
    role: str

    @property
    def w(self) -> str:
        """The workspace's name."""
        return self.workspace.id

    @property
    def title(self) -> str:
        """The workspace's title, short enough for a corner."""
        return self.workspace.policy.title.partition(" · ")[0]

    @property
    def name(self) -> str:
        """The operator's name, for the operator's own eyes."""
        return self.session.operator.name

    @property
    def csrf(self) -> str:
        """The token every form carries."""
        return self.session.csrf

    @property
    def others(self) -> bool:
        """Whether there are other workspaces to switch to."""
        return len(self.session.operator.roles) > 1

    @property
    def tabs(self) -> list[tuple[str, str, str]]:
        """(id, address, label) of what can be visited from here."""
        base = f"/{self.w}/console/"
        here = [(id, base + path, label) for id, path, label in TABS]
        if self.role in ANSWERING:
            here.insert(3, ("requests", base + "requests", "Requests"))
            here.insert(4, ("review", base + "review", "Review"))
        if reads_chats(self.workspace.policy, self.role):
            here.insert(3, ("chats", base + "chats", "Chats"))
        return [*here, ("promises", f"/{self.w}/promises", "Promises"), ("settings", base + "settings", "Settings")]

    @property
    def asker(self) -> Asker:
        """Asks reports in this operator's name."""
        return Asker(self.workspace, self.role, self.session.operator.id)


class Doorkeeper:
    """Lets operators and programs to their seats."""

    def __init__(self, house: House, operators: Operators, sessions: Sessions) -> None:
        self.house, self.operators, self.sessions = house, operators, sessions

    def seat(self, http: Request) -> Seat:
        """The seat of whoever is signed in; raises SignedOut or Elsewhere."""
        session = self.sessions.find(http.cookies.get(COOKIE))
        if session is None:
            raise SignedOut
        w = http.path_params["w"]
        role = session.operator.roles.get(w)
        if role is None or w not in self.house.names():
            raise Elsewhere(session)
        return Seat(self.house.workspace(w), session, role)

    def asker(self, http: Request) -> Asker:
        """Who asks as a program: by session, or by `Authorization: Bearer <api_key>`, which acts as the owner.

        Raises `sign-in-needed` or `other-workspace`.
        """
        authorization = http.headers.get("authorization", "")
        if authorization:
            return Asker(self.house.for_program(http.path_params["w"], authorization), OWNER, "program")
        try:
            return self.seat(http).asker
        except SignedOut:
            raise Fault("sign-in-needed", "sign in, or send the workspace's api key as a bearer token", status=401) from None
        except Elsewhere:
            raise other_workspace() from None

    def check_form(self, http: Request, session: Session, given: str) -> None:
        """A POST must come from our own page: its token, and the browser's word for where it was sent from."""
        check_origin(http)
        if not hmac.compare_digest(session.csrf.encode(), given.encode("utf-8", "replace")):
            raise forged()

    def put_session(self, response: Response, token: str) -> None:
        """Give the browser its session."""
        self._cookie(response, COOKIE, token, int(LONGEST.total_seconds()))

    def put_before(self, response: Response, token: str) -> None:
        """Give the browser the other half of its sign-in form."""
        self._cookie(response, BEFORE, token, 3600)

    def _cookie(self, response: Response, name: str, value: str, seconds: int) -> None:
        secure = self.house.settings.base_url.startswith("https://")
        response.set_cookie(name, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="strict")


def check_origin(http: Request) -> None:
    """Raises `forged` when the browser says that another site sent this."""
    site, origin = http.headers.get("sec-fetch-site", ""), http.headers.get("origin", "")
    own = (str(http.base_url).rstrip("/"), http.headers.get("host", ""))
    if site in ("cross-site", "same-site") or (origin and origin != own[0] and origin.partition("://")[2] != own[1]):
        raise forged()


def forged() -> Fault:
    """A POST that is not from our own page."""
    return Fault("forged-form", "this form did not come from our own page, or is too old; load the page again", status=403)


def other_workspace() -> Fault:
    """The one answer for every workspace that is not yours, whether it exists or not."""
    return Fault("other-workspace", "you hold no role in this workspace", status=403)
