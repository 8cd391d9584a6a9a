"""Where do the example sites live? Each on an origin of its own, in one process. It keeps nothing and logs nothing.

    python examples/sites/serve.py --server http://127.0.0.1:8000 [--port infinity=8101 ...] [--host 127.0.0.1]

A site is a folder beside this file and a line in `sites.json`. Its pages are read once, at the start: `_layout.html` is put round
each page, and `{{server}}`, `{{workspace}}`, `{{title}}`, `{{description}}` and `{{content}}` are filled in. The first line of a
page gives its title and description. `/blog` is `blog/index.html` and `/pricing` is `pricing.html`.
Source: the headers follow OWASP's list of secure headers; DESIGN section 8 gives the path of the script.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import mimetypes
import re
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
_HEAD = re.compile(r"<!-- title: (?P<title>.+?) \| (?P<description>.+?) -->\n")


@dataclass(frozen=True)
class Site:
    """One business's site: its folder, the workspace it reports to, the port it listens on (0: any free one), visits in a rehearsed month."""

    name: str
    workspace: str
    title: str
    port: int
    visits: int = 0


@dataclass(frozen=True)
class Page:
    """What one address answers with."""

    body: bytes
    kind: str
    status: HTTPStatus = HTTPStatus.OK


class Server(ThreadingHTTPServer):
    """One site, listening."""

    daemon_threads = True

    def __init__(self, host: str, site: Site, pages: dict[str, Page], csp: str) -> None:
        super().__init__((host, site.port), _Handler)
        self.site, self.pages, self.csp = site, pages, csp

    @property
    def origin(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


def read_sites(folder: Path = HERE) -> list[Site]:
    """The sites that `sites.json` names, in its order."""
    return [Site(**line) for line in json.loads((folder / "sites.json").read_text(encoding="utf-8"))]


def start(site: Site, server: str, host: str = "127.0.0.1", folder: Path = HERE) -> Server:
    """Serve `site` in a thread, its script coming from the origin `server`. Stop it with `shutdown()`."""
    listening = Server(host, site, read_pages(folder / site.name, site, server), _csp(server))
    threading.Thread(target=listening.serve_forever, args=(0.1,), name=site.name, daemon=True).start()
    return listening


def read_pages(folder: Path, site: Site, server: str) -> dict[str, Page]:
    """Every address of the site with its answer. Nothing outside this table can be asked for."""
    layout = (folder / "_layout.html").read_text(encoding="utf-8")
    pages: dict[str, Page] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or path.name.startswith(("_", ".")):
            continue
        route = "/" + path.relative_to(folder).as_posix()
        if path.suffix != ".html":
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            pages[route] = Page(path.read_bytes(), kind)
            continue
        route = route.removesuffix(".html").removesuffix("index").rstrip("/") or "/"
        status = HTTPStatus.NOT_FOUND if route == "/404" else HTTPStatus.OK
        body = _filled(layout, path.read_text(encoding="utf-8"), route, site, server)
        pages[route] = Page(body.encode(), "text/html; charset=utf-8", status)
    return pages


def _filled(layout: str, text: str, route: str, site: Site, server: str) -> str:
    head = _HEAD.match(text)
    if head is None:
        raise SystemExit(f"{site.name}{route}: the first line must be `<!-- title: ... | ... -->`")
    content = text[head.end():]
    values = {"content": content, "title": head["title"], "description": head["description"], "server": server, "workspace": site.workspace}
    page = layout.replace(f'href="{route}" data-nav', f'href="{route}" aria-current="page"').replace(" data-nav", "")
    for name, value in values.items():
        page = page.replace("{{" + name + "}}", value)
    return page


def _csp(server: str) -> str:
    return (f"default-src 'none'; script-src 'self' {server}; connect-src {server}; style-src 'self'; img-src 'self'; "
            "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "site", ""

    def do_GET(self) -> None:
        route = self.path.split("?")[0].split("#")[0]
        page = self.server.pages.get(route) or self.server.pages.get(route.rstrip("/"))
        self._answer(page or self.server.pages.get("/404") or Page(b"not found", "text/plain", HTTPStatus.NOT_FOUND))

    do_HEAD = do_GET

    def _answer(self, page: Page) -> None:
        self.send_response(page.status)
        headers = {"Content-Type": page.kind, "Content-Length": str(len(page.body)), "Cache-Control": "no-cache",
                   "X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin-when-cross-origin"}
        if page.kind.startswith("text/html"):
            headers["Content-Security-Policy"] = self.server.csp
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page.body)

    def log_message(self, format: str, *args: object) -> None:
        """Addresses of visitors are not written down."""


def main() -> None:
    asked = argparse.ArgumentParser(description="Serve the example sites, each on its own origin.")
    asked.add_argument("--server", default="http://127.0.0.1:8000", help="origin that serves the script")
    asked.add_argument("--host", default="127.0.0.1", help="address to listen on")
    asked.add_argument("--port", action="append", default=[], metavar="NAME=PORT", help="listen elsewhere, e.g. infinity=9101")
    said = asked.parse_args()
    ports = dict(one.split("=", 1) for one in said.port)
    for site in read_sites():
        chosen = Site(site.name, site.workspace, site.title, int(ports.get(site.name, site.port)))
        print(f"{site.title}: {start(chosen, said.server, said.host).origin}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


if __name__ == "__main__":
    main()
