"""One server for everything hostile. At the end its log is searched for what was sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running import Server


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("bad-input") / "data")
    try:
        yield server.start()
    finally:
        server.kill()
