"""What does a template become? One HTML answer with everything escaped and nothing foreign allowed.

Templates of a room rest in `templates/<room>/`. No inline script or style works under this policy, by intent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from troth.base.clock import day_on, instant
from troth.look import static

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "content-security-policy": CSP,
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def render(template: str, http: Request, *, status: int = 200, headers: Mapping[str, str] | None = None, **context: Any) -> HTMLResponse:
    """A template as a page. `http` and the context are seen by it; `headers` go over the usual ones."""
    body = environment().get_template(template).render(http=http, **context)
    return HTMLResponse(body, status, dict(_HEADERS) | dict(headers or {}))


def error_page(
    http: Request, status: int, code: str, message: str, help: str | None = None, headers: Mapping[str, str] | None = None,
    ways: Sequence[tuple[str, str]] = (),
) -> HTMLResponse:
    """A coded error as a page of its own: what happened, what to do, and the ways on (address and words)."""
    return render("error.html", http, status=status, headers=headers, code=code, message=message, help=help, ways=ways)


def wants_page(http: Request) -> bool:
    """Whether whoever asks reads pages rather than JSON."""
    return "text/html" in http.headers.get("accept", "")


def environment() -> Environment:
    """The one template environment; made on first use."""
    global _environment
    if _environment is None:
        _environment = _make()
    return _environment


def teach(filters: Mapping[str, Callable[..., Any]] | None = None, tests: Mapping[str, Callable[..., bool]] | None = None) -> None:
    """Give templates a room's own filters and tests."""
    environment().filters.update(filters or {})
    environment().tests.update(tests or {})


# What a text needs that is read as a file of its own: the same ink and paper, in a few lines.
STYLE = """\
:root { color-scheme: light dark; --ink: #1c2026; --soft: #5b616c; --paper: #fffefb; --line: #e3dfd4; --link: #1f4172; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9e7e1; --soft: #a6abb5; --paper: #131519; --line: #2c3038; --link: #a9c4f2; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.65 Georgia, "Liberation Serif", serif; overflow-wrap: break-word; }
main { max-width: 46rem; margin-inline: auto; padding: 2.5rem 1.25rem 4rem; }
h1, h2, h3 { line-height: 1.2; text-wrap: balance; }
h2 { margin-top: 2.2em; } h3 { margin-top: 1.8em; }
a { color: var(--link); }
header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0 2rem; }
.dated { color: var(--soft); font-size: .875rem; }
.dated-top { flex-basis: 100%; margin-top: 0; }
header > h1 { flex: 1 1 18rem; }
.dated-upper-right { text-align: right; flex: 0 0 14rem; order: 2; }
footer { border-top: 1px solid var(--line); margin-top: 3rem; }
.contents ul { columns: 2 15rem; padding-left: 1.2em; font-size: .9375rem; }
dl { display: grid; grid-template-columns: minmax(8rem, 12rem) 1fr; gap: .35rem 1.25rem; }
dt { color: var(--soft); } dd { margin: 0; }
@media (max-width: 34rem) { dl { display: block; } dd { margin-bottom: .6rem; } }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; line-height: 1.45; }
caption { text-align: left; color: var(--soft); padding-bottom: .5rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--line); min-width: 6rem; }
tbody th { font-weight: 400; }
"""
_environment: Environment | None = None


def _make() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["static"] = static.address
    made.filters |= {
        "number": number, "percent": percent, "length_of": length, "day": day, "day_on": day_on, "moment": moment, "clock": clock_time,
        "moment_of": moment_of, "plural": plural, "row": row,
    }  # fmt: skip
    return made


def number(value: float | None) -> str:
    """`12345` as `12 345`, with a space that does not break; nothing held back as a dash."""
    return "–" if value is None else f"{value:,.0f}".replace(",", "\u202f")


def percent(share: float | None) -> str:
    """A share of one as a percentage: whole from 10 % on, with a decimal below."""
    if share is None:
        return "–"
    return f"{share * 100:.0f}\u202f%" if share >= 0.0995 or share == 0 else f"{share * 100:.1f}\u202f%"


def length(seconds: int | None) -> str:
    """Seconds as `4:05`, or as `1:02:03` from an hour on."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def day(value: date) -> str:
    """A date as `9 March 2026`."""
    return f"{value.day} {value:%B %Y}"


def moment(value: datetime | int) -> Markup:
    """An instant (aware, or microseconds since 1970) as a `<time>` element, to the minute, in UTC."""
    at = instant(value) if isinstance(value, int) else value
    shown = f"{at.day} {at:%b %Y, %H:%M}"
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(at.isoformat(), shown, shown)


def moment_of(written: str) -> Markup:
    """The same of an instant that is written out."""
    return moment(datetime.fromisoformat(written))


def plural(count: float, one: str, many: str | None = None) -> str:
    """`1 visit`, `2 visits`."""
    return f"{number(count)}\u00a0{one if count == 1 else many or one + 's'}"


def clock_time(value: int) -> str:
    """An instant in microseconds as the time of its day, `14:05`, in UTC."""
    return f"{instant(value):%H:%M}"


def row(thing: Any, *names: str) -> tuple[Any, ...]:
    """Some fields of a thing, in the order of a table's columns."""
    return tuple(getattr(thing, name) for name in names)
