"""Has every version one address for ever, and is it noticed when somebody changes what was published?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.versions.conftest import Business
from tests.versions.edits import kept_longer, new_recipient, one_more_word, without
from troth import versions
from troth.base.errors import Fault
from troth.versions import KeptNotice
from troth.workspace import House

Start = Callable[..., Business]
FORMS = ("", ".md", ".yaml")


@pytest.mark.promise("infinity-122", "infinext-062", "infisim-095")
def test_a_versions_address_shows_the_same_for_ever(business: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    here = business()
    words, fingerprint = here.get("/policy.md").text, here.versions()["1"]["sha256"]
    assert here.get("/policy/versions/1.md").text == words
    kept = {form: here.get("/policy/versions/1" + form).text for form in FORMS[1:]}
    monkeypatch.setattr(versions, "as_markdown", lambda page: "the generator of another year")
    here.publish_fine(new_recipient("site-analytics", "page.route"), kept_longer("usage", 500))
    here.clock.pass_by(timedelta(days=700))
    assert {form: here.get("/policy/versions/1" + form).text for form in FORMS[1:]} == kept
    assert here.get("/policy/versions/2.md").text == "the generator of another year"
    assert hashlib.sha256(kept[".yaml"].encode()).hexdigest() == fingerprint == here.versions()["1"]["sha256"]
    page = here.get("/policy/versions/1").text
    assert "which is not in force today" in page and fingerprint in page and "New House" not in page
    assert "1 year and 1 month" in kept[".md"] or "13 months" in kept[".md"]


@pytest.mark.promise("infinity-122", "infi-001")
def test_the_date_of_the_newest_change_stands_in_the_notice(business: Start) -> None:
    here = business()
    here.publish_fine(one_more_word)
    on = here.days(0)
    assert f"{on.day} {on:%B %Y}" in here.get("/policy").text
    here.write(one_more_word)
    here.write(lambda policy: replace(policy, version="3"))
    here.clock.pass_by(timedelta(days=1))
    said = here.troth("policy", "publish", str(here.file), "--as-is")
    assert said.code == 1 and "date-unchanged" in said.text


@pytest.mark.promise("cx-027")
@pytest.mark.parametrize("key", ["version", "changed_on"])
def test_nothing_is_published_without_a_version_or_a_date(business: Start, key: str) -> None:
    here = business("cxinfinity")
    text = here.file.read_text()
    here.file.write_text("".join(line for line in text.splitlines(keepends=True) if not line.startswith(f"{key}:")))
    said = here.troth("policy", "publish", str(here.file))
    assert said.code == 1 and "missing-key" in said.text and f"`{key}`" in said.text
    assert list(here.versions()) == ["1"]


def test_a_published_version_cannot_be_edited(business: Start) -> None:
    here = business()
    again = here.troth("policy", "publish", str(here.file))
    assert again.code == 0 and list(here.versions()) == ["1"]
    here.write(kept_longer("usage", 500), lambda policy: replace(policy, changed_on=here.days(0)))
    said = here.troth("policy", "publish", str(here.file), "--as-is")
    assert said.code == 1 and "version-published" in said.text
    assert "500" not in here.get("/policy/versions/1.yaml").text


def test_going_back_is_a_new_version(business: Start) -> None:
    here = business()
    here.publish_fine(new_recipient("site-analytics", "page.route"))
    here.file.write_text(here.troth("policy", "versions", "infinity", "1").text)
    here.file.write_text(here.file.read_text().replace("version: '1'", "version: '3'"))
    here.write(lambda policy: replace(policy, changed_on=here.days(0)))
    here.publish_fine(lambda policy: policy, more="--as-is")
    rows = here.versions()
    assert [row["state"] for row in rows.values()] == ["earlier", "earlier", "in-force"]
    assert "new-house" not in here.policy.recipients and rows["3"]["material"] == []


@pytest.mark.parametrize("name", ["a/b", "1.md", "1.yaml", "versions.json", "", "x" * 41, "two words", "ä"])
def test_a_version_that_is_no_address_is_refused(business: Start, name: str) -> None:
    here = business()
    with pytest.raises(Fault) as fault:
        here.workspace.publish(replace(here.policy, version=name, changed_on=here.days(0)))
    assert fault.value.code == "bad-version"


# tampering

TEXT = "UPDATE policy_version SET text = replace(text, 'Site', 'Sight') WHERE version = '1'"
TAMPERINGS = {
    "text": [TEXT],
    "text and hash": ["UPDATE policy_version SET text = text || '#', hash = :hash WHERE version = '1'"],
    "effective date": ["UPDATE policy_version SET effective_at = effective_at - 86400000000 WHERE version = '1'"],
    "entry": ["UPDATE policy_version SET entry = entry + 1 WHERE version = '1'"],
    "notice": ["UPDATE version_notice SET markdown = replace(markdown, 'we', 'they') WHERE version = '1'"],
    "no notice": ["DELETE FROM version_notice WHERE version = '1'"],
    "ledger entry": ["UPDATE ledger_entry SET data = CAST(replace(data, '\"owner\"', '\"other\"') AS BLOB)"],
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_a_version_that_was_tampered_with_is_not_served(business: Start, what: str) -> None:
    here = business()
    here.publish_fine(one_more_word)
    text = here.get("/policy/versions/1.yaml").text
    with here.workspace.state.write() as conn:
        for statement in TAMPERINGS[what]:
            hashed = hashlib.sha256((text + "#").encode()).hexdigest()
            done = conn.exec_driver_sql(statement.replace(":hash", f"'{hashed}'"))
            assert done.rowcount >= 1, "nothing was tampered with"
    for form in FORMS:
        answer = here.get("/policy/versions/1" + form)
        assert answer.status_code == 503 and answer.json()["code"] == "version-tampered", form
    if "notice" not in what:
        assert here.versions()["1"]["state"] == "tampered"
        assert "not what was published" in here.get("/policy/versions", accept="text/html").text


def test_a_tampered_version_permits_nothing(business: Start) -> None:
    here = business()
    assert here.policy.version == "1"
    with here.workspace.state.write() as conn:
        conn.exec_driver_sql(TEXT.replace("'Site', 'Sight'", "'may-object', 'none'"))
    house = House(here.settings)
    with pytest.raises(Fault) as fault:
        assert house.workspace("infinity").plan
    house.close()
    assert fault.value.code == "version-tampered"
    assert here.policy.version == "1"  # a process that read it before goes on with what was published


def test_no_statement_of_ours_changes_a_published_row() -> None:
    from tests.test_house import ROOT

    sources = {path: path.read_text("utf-8") for path in (ROOT / "troth").rglob("*.py")}
    assert [str(path) for path, text in sources.items() for word in ("UPDATE policy_version", "DELETE FROM policy_version") if word in text] == []


def test_the_ledger_holds_what_a_version_is(business: Start) -> None:
    here = business()
    here.publish_fine(without("purposes", "personalisation"), more="--reason law")
    with here.workspace.state.read() as conn:
        version = here.workspace.versions(conn)[-1]
        body = here.workspace.log.entry(conn, version.entry).body
        kept = here.workspace.published.notice_of(conn, version)
    assert isinstance(kept, KeptNotice)
    assert body["sha256"] == hashlib.sha256(version.text.encode()).hexdigest() and body["reason"] == "law"
    assert body["notice"] == hashlib.sha256((kept.html + "\0" + kept.markdown).encode()).hexdigest()
    assert here.troth("ledger", "verify", "infinity").code == 0
