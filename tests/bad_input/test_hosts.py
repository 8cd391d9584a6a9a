"""What becomes of an address that whoever asks makes up? It is repeated in nothing that may be kept for others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from troth.app import Troth
from troth.policy.parse import read_policy
from troth.settings import load
from troth.workspace import House

INFINITY = Path(__file__).resolve().parents[2] / "examples" / "infinity" / "policy.yaml"


@pytest.mark.parametrize("path", ["/infinity/troth.js", "/infinity/policy.jsonld"])
async def test_what_caches_keep_says_the_address_that_was_set(tmp_path: Path, path: str) -> None:
    settings = replace(load(tmp_path / "data"), public_url="https://troth.shop.example/")
    House(settings).publish(read_policy(INFINITY))
    transport = httpx.ASGITransport(app=Troth(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://mallory.example") as mallory:
        answer = await mallory.get(path)
    assert answer.status_code == 200 and "https://troth.shop.example" in answer.text and "mallory" not in answer.text
