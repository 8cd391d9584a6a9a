"""Does a path find the route its owner declared, and nothing that was not declared?"""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from troth.base.errors import Fault
from troth.collect.routes import OTHER, Routes, UrlParts, is_address, split_url

SITE = Routes(["/", "/pricing", "/blog", "/blog/:slug", "/blog/archive", "/blog/:slug/comments", "/product/*", "/café"])

FITS = {
    "/": "/",
    "/pricing": "/pricing",
    "/pricing/": "/pricing",
    "/%70ricing": "/pricing",
    "/blog": "/blog",
    "/blog/": "/blog",
    "/blog/a-first-post": "/blog/:slug",
    "/blog/a-first-post/": "/blog/:slug",
    "/blog/archive": "/blog/archive",
    "/blog/archive/": "/blog/archive",
    "/blog/%61rchive": "/blog/archive",
    "/blog/archive/comments": "/blog/:slug/comments",
    "/blog/a/comments": "/blog/:slug/comments",
    "/blog/v1.2": "/blog/:slug",
    "/blog/...": "/blog/:slug",
    "/blog/a%2Fb": "/blog/:slug",
    "/blog/%zz": "/blog/:slug",
    "/product/x": "/product/*",
    "/product/x/y/z/": "/product/*",
    "/caf%C3%A9": "/café",
    "/café": "/café",
}

FITS_NOTHING = [
    "", "pricing", "/Pricing", "/BLOG/x", "/pricing/more", "/blog/a/b", "/blog/a/comments/1", "/product", "/product/",
    "//", "//pricing", "/blog//", "/blog//x", "/pricing//", "/blog%2Fx", "/%2F",
    "/blog/..", "/blog/.", "/../pricing", "/./pricing", "/product/../../etc/passwd", "/blog/%2e%2e", "/blog/%2E.",
    "/blog/..%2F..%2Fetc", "/blog/..%5Cetc", "/product/x/%2e%2e%2fy", "\\pricing", "/pricing\x00", "/product/" + "a" * 9_000,
    "https://infinity.example/pricing",
]  # fmt: skip


@pytest.mark.parametrize(("path", "route"), FITS.items())
def test_a_path_finds_its_declared_route(path: str, route: str) -> None:
    assert SITE.match(path) == route


@pytest.mark.parametrize("path", FITS_NOTHING)
def test_a_path_that_fits_no_route_is_other(path: str) -> None:
    assert SITE.match(path) == OTHER


def test_a_star_at_the_root_takes_everything_but_the_root() -> None:
    assert Routes(["/*"]).match("/a/b") == "/*"
    assert Routes(["/*"]).match("/") == OTHER


def test_a_longer_route_that_fails_gives_way_to_a_wider_one() -> None:
    routes = Routes(["/a/b/c", "/a/:x/d", "/*"])
    assert [routes.match(path) for path in ("/a/b/c", "/a/b/d", "/a/b/e", "/a")] == ["/a/b/c", "/a/:x/d", "/*", "/*"]


def test_a_route_declared_twice_is_one_route() -> None:
    assert Routes(["/a", "/a"]).patterns == ("/a",)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "a",
        "//",
        "/a//b",
        "/*/a",
        "/a*",
        "/:",
        "/:1",
        "/a?b",
        "/a#b",
        "/a b",
        "/a%20b",
        "/a/../b",
        "/.",
        "/a\x00",
        "/\n",
        "/*/",
    ],
)
def test_what_is_no_route_is_refused_when_declared(pattern: str) -> None:
    with pytest.raises(Fault) as caught:
        Routes(["/", pattern])
    assert caught.value.code == "bad-route"


@pytest.mark.parametrize("pair", [("/blog/:slug", "/blog/:name"), ("/a", "/a/")])
def test_two_routes_for_the_same_paths_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(Fault, match="fit the same paths"):
        Routes(pair)


segment = st.sampled_from(["a", "b", "blog", ":x", ":y", "*"])
patterns = st.lists(
    st.lists(segment, max_size=4).map(lambda parts: "/" + "/".join(parts)).filter(lambda text: "*" not in text[:-1]),
    max_size=8,
)


def fits(pattern: str, path: str) -> bool:
    """The model: one pattern at a time, segment by segment."""
    wanted, given_ = pattern.strip("/").split("/"), path.strip("/").split("/")
    if wanted[-1] == "*":
        wanted, given_ = wanted[:-1], given_[: len(wanted) - 1] if len(given_) >= len(wanted) else ["no"] * 9
    pairs = zip(wanted, given_, strict=False)
    return len(wanted) == len(given_) and all(bool(b) if a.startswith(":") else a == b for a, b in pairs)


@given(patterns, st.lists(st.sampled_from(["a", "b", "blog", "zz"]), min_size=1, max_size=5))
def test_the_route_found_is_one_that_fits_and_none_is_missed(declared: list[str], parts: list[str]) -> None:
    try:
        routes = Routes(declared)
    except Fault:
        return  # two of them fit the same paths
    path = "/" + "/".join(parts)
    fitting = [pattern for pattern in routes.patterns if fits(pattern, path)]
    assert routes.match(path) in fitting if fitting else routes.match(path) == OTHER


@given(st.text(max_size=60))
@example("/%")
@example("/\ud800")
def test_matching_never_raises_and_gives_only_declared_routes(path: str) -> None:
    for tried in (path, "/" + path, "/blog/" + path):
        assert SITE.match(tried) in {*SITE.patterns, OTHER}


@given(st.text(min_size=1, max_size=30).filter(lambda text: not {".", ".."} & set(text.replace("\\", "/").split("/"))))
def test_a_quoted_slug_is_one_segment_whatever_it_holds(slug: str) -> None:
    quoted = quote(slug.encode("utf-8", "replace"), safe="")
    assert SITE.match(f"/blog/{quoted}") == ("/blog/archive" if slug == "archive" else "/blog/:slug")


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://Infinity.Example:8443/blog/a?x=1&y=2#top", ("infinity.example", "/blog/a", "x=1&y=2")),
        ("http://ada:secret@infinity.example", ("infinity.example", "/", "")),
        ("HTTPS://infinity.example.?q", ("infinity.example", "/", "q")),
        ("/pricing?plan=a#b", ("", "/pricing", "plan=a")),
        ("http://bücher.example/ü", ("xn--bcher-kva.example", "/ü", "")),
        ("http://[2001:DB8::1]:80/x", ("[2001:db8::1]", "/x", "")),
        ("http://infinity.example\\@evil.example/", ("infinity.example", "\\@evil.example/", "")),
        ("http://infinity.example@evil.example/", ("evil.example", "/", "")),
        ("http://a%2eb/", ("", "/", "")),
        ("http://a..b/", ("", "/", "")),
        ("http://a b/", ("", "/", "")),
        ("http://host:port/", ("", "/", "")),
        ("http:///x", ("", "/x", "")),
        ("//evil.example/x", ("", "", "")),
        ("/\\evil.example", ("", "", "")),
        ("javascript:alert(1)", ("", "", "")),
        ("data:text/html,x", ("", "", "")),
        ("", ("", "", "")),
    ],
)
def test_a_url_is_split_and_what_cannot_be_read_is_empty(url: str, parts: tuple[str, str, str]) -> None:
    assert split_url(url) == UrlParts(*parts)


@given(st.text(max_size=80))
def test_splitting_never_raises_and_the_host_is_plain(url: str) -> None:
    for tried in (url, "http://" + url, "https://ada:pw@" + url):
        host = split_url(tried).host
        assert host.isascii()
        assert host == host.lower()
        assert not set(host) & set("/@?#\\ %")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "2130706433", "0x7f.1", "1.2.3.0x4"])
def test_every_spelling_of_an_address_is_one(host: str) -> None:
    assert is_address(host)


@pytest.mark.parametrize("host", ["infinity.example", "1and1.example", "localhost", "4chan.example0"])
def test_a_name_is_no_address(host: str) -> None:
    assert not is_address(host)
