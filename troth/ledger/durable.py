"""Is it on the disk? Small files and names that must survive a power loss. It reads nothing.

Source: fsync(2), open(2).
"""

from __future__ import annotations

import os
from pathlib import Path


def create_private(path: Path, content: bytes) -> bool:
    """Make a file of mode 0600 with this content, whole or not at all; False when the name is taken."""
    draft = path.with_name(f"{path.name}.{os.urandom(6).hex()}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # unlike a rename, this never replaces what is there
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    sync_folder(path.parent)
    return True


def sync_folder(folder: Path) -> None:
    """Make new names in this folder survive a power loss."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
