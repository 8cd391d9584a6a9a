"""Can a person prove what they said with the file they took home, and is a changed one found out?"""

from __future__ import annotations

import base64
import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.centre.conftest import Person
from troth.cli import main
from troth.ledger import verifier
from troth.ledger.entry import canonical_json
from troth.ledger.note import fingerprint, public_bytes, sign_text
from troth.workspace import Workspace

People = Callable[..., Person]


@pytest.fixture
def said(person: People) -> Person:
    """Somebody who agreed and took it back."""
    ada = person().come_in()
    for word in ("give", "stop"):
        assert ada.post("/choices", purpose="newsletter", say=word).status_code == 303
    return ada


def holds(file: Any, folder: Path, *more: str) -> bool:
    path = folder / "receipt.json"
    path.write_text(json.dumps(file), encoding="utf-8")
    return verifier.main(["--receipt", str(path), *more]) == 0


def test_a_receipt_is_checked_without_us_by_the_program_from_the_same_page(said: Person, workspace: Workspace, tmp_path: Path) -> None:
    page = said.get()
    assert "/infinity/privacy/receipt.json" in page.text and "/infinity/privacy/verifier.py" in page.text
    answer = said.get("/receipt.json")
    assert answer.headers["content-disposition"] == 'attachment; filename="infinity-receipt.json"' and said.address not in answer.text
    for name, body in (("receipt.json", answer.content), ("verifier.py", said.get("/verifier.py").content)):
        (tmp_path / name).write_bytes(body)
    key = fingerprint(public_bytes(workspace.ledger_key))
    alone = [sys.executable, "-I", "verifier.py", "--receipt", "receipt.json", "--key", key]
    done = subprocess.run(alone, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "2 events as the ledger has them" in done.stdout and "the receipt holds" in done.stdout
    checked = CliRunner().invoke(main, ["consent", "check", str(tmp_path / "receipt.json"), "--key", "0" * 64])
    assert checked.exit_code == 1
    (record,) = answer.json()["receipt"]["records"]
    process = next(one for one in record["dpv:hasProcess"] if one["troth:purpose"] == "newsletter")
    assert [one["troth:state"] for one in process["troth:events"]] == ["Given", "Withdrawn"] and process["troth:state"] == "Withdrawn"


def test_nobody_gets_a_receipt_without_showing_who_they_are(person: People) -> None:
    assert person(known=False).get("/receipt.json").status_code == 401


def test_a_no_may_be_another_reference_s_and_a_yes_may_not() -> None:
    at = {"dpv:isIndicatedAtTime": "1970-01-01T00:00:01+00:00", "troth:entry": 4, "troth:type": "consent", "dct:hasVersion": "1", "troth:screen": ""}
    said = {"troth:strength": "explicit", "dpv:hasIndicationMethod": "centre", "troth:carried": True}
    entry = {"kind": "consent", "at": 1_000_000, "body": {"ref": 8, "strength": "explicit", "how": "centre", "policy": "1", "screen": ""}}

    def passes(entered: str, act: str, state: str) -> bool:
        entry["body"]["acts"] = {"newsletter": entered}  # type: ignore[index]
        try:
            verifier.check_event("7", "newsletter", {**at, **said, "troth:act": act, "troth:state": state}, entry)
        except verifier.DoesNotHold:
            return False
        return True

    assert passes("withdrawn", "withdrawn", "Withdrawn") and passes("refused", "objected", "Refused")
    assert not passes("given", "given", "Given") and not passes("requested", "requested", "Requested")
    assert not passes("refused", "withdrawn", "Withdrawn") and not passes("given", "objected", "Refused")


def test_a_changed_receipt_does_not_hold_even_when_it_is_signed_anew(said: Person, workspace: Workspace, tmp_path: Path) -> None:
    true = said.get("/receipt.json").json()
    assert holds(true, tmp_path)

    def newsletter(file: Any) -> Any:
        return next(one for one in file["receipt"]["records"][0]["dpv:hasProcess"] if one["troth:purpose"] == "newsletter")

    def changed(change: Callable[[Any], None], sign: bool = True) -> Any:
        file = copy.deepcopy(true)
        change(file)
        if sign:  # the controller itself, who has the key, says something else than its ledger
            digest = verifier.sha256(canonical_json(file["receipt"])).hexdigest()
            file["signature"] = sign_text(f"{verifier.RECEIPT}\nsha256 {digest}\n", workspace.origin, workspace.ledger_key)
        return file

    def without_withdrawal_as_last(file: Any) -> None:
        process = newsletter(file)
        process["troth:events"][-1] |= {"troth:act": "given", "troth:state": "RenewedGiven"}
        process["troth:state"] = "RenewedGiven"

    def renamed(file: Any) -> None:
        newsletter(file)["dct:title"]["@value"] = "Something harmless"

    changes: dict[str, Any] = {
        "act": changed(without_withdrawal_as_last),
        "time": changed(lambda file: newsletter(file)["troth:events"][0].update({"dpv:isIndicatedAtTime": "2020-01-01T00:00:00+00:00"})),
        "state": changed(lambda file: newsletter(file).update({"troth:state": "Given"})),
        "stated": changed(lambda file: newsletter(file)["troth:events"][-1].update({"troth:state": "Given"})),
        "screen": changed(lambda file: newsletter(file)["troth:events"][0].update({"troth:screen": "0" * 16})),
        "whose": changed(lambda file: file["receipt"]["records"][0]["dpv:hasDataSubject"].update({"dct:identifier": "7"})),
        "notice": changed(lambda file: file["receipt"]["records"][0]["dpv:hasNotice"][0].update({"troth:noticeSha256": "0" * 64})),
        "words": changed(renamed, sign=False),
        "entry": changed(lambda file: file["entries"][-1].update({"data": base64.b64encode(b"{}").decode()})),
        "proof": changed(lambda file: file["entries"][-1].update({"proof": []})),
        "gone": changed(lambda file: file["entries"].pop()),
        "checkpoint": changed(lambda file: file.update({"checkpoint": file["signature"]})),
    }
    assert {name: holds(file, tmp_path) for name, file in changes.items()} == dict.fromkeys(changes, False)
