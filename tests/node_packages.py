"""Where do the tests get a program of npm's? Installed by name and version into a folder that is kept between runs; it holds no tests.

Only tests use them, and nothing of them is in the repository.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

_CACHE = Path(__file__).parent / ".node"


def node_package(name: str, version: str) -> Path:
    """The folder of one package at one version; scripts of packages are not run."""
    folder = _CACHE / f"{name.rpartition('/')[2]}-{version}"
    package = folder / "node_modules" / name
    if not (package / "package.json").exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.fail("this test needs npm: install the packages `nodejs` and `npm`, then run it again")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}\n')
        command = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=peer", f"{name}@{version}"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"npm could not install {name}: {done.stderr[-500:]}"
    return package
