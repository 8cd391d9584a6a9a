"""Does the comparison of a recorded visit with the list find what is amiss, and refuse what is no recording?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.promises.cases import ROOT, policy_of
from troth.base.errors import Fault
from troth.cli import main
from troth.prove.scan import check_recording
from troth.serve import prepare_examples
from troth.settings import load

POLICY = policy_of("infinext")


def _har(*entries: Any) -> dict[str, Any]:
    return {"log": {"entries": list(entries)}}


def _entry(url: str = "https://www.infinext.example/", cookie: str = "", **response: Any) -> dict[str, Any]:
    headers = [{"name": "Set-Cookie", "value": cookie}] if cookie else []
    return {"request": {"url": url}, "response": {"headers": headers + response.pop("headers", []), **response}}


def _codes(recording: Any, *refused: str) -> list[tuple[str, str]]:
    return [(one.code, one.name) for one in check_recording(POLICY, recording, refused)]


def test_what_is_listed_is_not_flagged() -> None:
    assert (
        _codes(
            _har(
                _entry(cookie="troth_view=wide; Max-Age=86400"),
                _entry("https://px.chartroom.example/p", content={"mimeType": "image/gif", "size": 43}),
            )
        )
        == []
    )


def test_a_cookie_is_flagged_for_its_name_its_time_its_value_and_a_refusal() -> None:
    found = _codes(_har(_entry(cookie="_other=1"), _entry(cookie="troth_view=ada%40people.example; Max-Age=999999999")), "personalisation")
    assert found == [
        ("unlisted-cookie", "_other"),
        ("refused-cookie", "troth_view"),
        ("kept-too-long", "troth_view"),
        ("personal-value", "troth_view"),
    ]


def test_no_flag_repeats_a_value_that_was_found() -> None:
    flags = check_recording(POLICY, _har(_entry(cookie="troth_view=ada%40people.example")))
    assert flags and "ada" not in str(flags)


def test_pixels_beacons_and_marks_of_others_are_flagged_and_our_own_are_not() -> None:
    cached = [{"name": "ETag", "value": "1"}, {"name": "Cache-Control", "value": "private, max-age=31536000"}]
    pixel = {"mimeType": "image/gif", "size": 43}
    others = _har(
        _entry("https://a.example/p", content=pixel),
        {**_entry("https://b.example/b"), "_resourceType": "ping"},
        _entry("https://c.example/c", headers=cached),
    )
    assert _codes(others) == [("unlisted-technology", "a.example"), ("unlisted-technology", "b.example"), ("unlisted-technology", "c.example")]
    assert _codes(_har(_entry(content=pixel), _entry(headers=cached))) == []


def test_a_storage_state_is_read_as_well() -> None:
    state = {
        "cookies": [{"name": "troth_visitor", "domain": ".infinext.example", "value": "0af3", "expires": -1}],
        "origins": [
            {"origin": "https://www.infinext.example", "localStorage": [{"name": "troth_member", "value": "x"}, {"name": "stray", "value": "y"}]}
        ],
    }
    assert _codes(state) == [("unlisted-cookie", "stray")]


@pytest.mark.parametrize("recording", [None, [], {}, "x", {"log": []}, {"log": {"entries": {}}}, {"cookies": {}, "origins": []}, _har(7)])
def test_what_is_no_recording_is_refused(recording: Any) -> None:
    with pytest.raises(Fault) as fault:
        check_recording(POLICY, recording)
    assert fault.value.code == "bad-recording"


@pytest.mark.parametrize("odd", [
    {"request": 7, "response": None}, {"request": {"url": 7}, "response": {"headers": {}}}, {"request": {"url": "http://["}},
    {"response": {"headers": [7, {"name": 7, "value": 8}, {"name": "set-cookie", "value": "\x00=\x00;;="}]}},
    {"response": {"content": {"size": "many"}}},
])  # fmt: skip
def test_odd_entries_are_passed_over(odd: Any) -> None:
    assert _codes(_har(odd)) == []


def test_the_command_says_what_was_found_and_exits_with_one(tmp_path: Path) -> None:
    settings = load(tmp_path / "data")
    prepare_examples(settings, ROOT / "examples")
    good, bad = tmp_path / "good.har", tmp_path / "bad.har"
    good.write_text(json.dumps(_har(_entry(cookie="troth_view=wide"))))
    bad.write_text(json.dumps(_har(_entry(cookie="_other=1"))))
    run = CliRunner().invoke
    at = ["--data", str(settings.data)]
    assert run(main, ["cookies", "check", "infinext", str(good), *at]).exit_code == 0
    found = run(main, ["cookies", "check", "infinext", str(bad), "--json", *at])
    assert found.exit_code == 1 and json.loads(found.output)[0]["code"] == "unlisted-cookie"
    assert run(main, ["cookies", "check", "infinext", str(tmp_path / "none.har"), *at]).exit_code == 1
    assert run(main, ["cookies", "check", "infinext", str(good), "--refused", "no-such", *at]).exit_code == 1
