"""Is this entry in that history, and does this history continue that one? Pure: hashes, no I/O.

It stores nothing: whoever keeps the hashes of perfect subtrees hands in a function that finds one.
A subtree is named by (level, index); it covers the leaves [index << level, (index + 1) << level).
Source: RFC 6962 section 2.1, RFC 9162 section 2.1.3 and 2.1.4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

from troth.base.errors import Fault

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()

Subtree = tuple[int, int]
FindHash = Callable[[int, int], bytes]


class ProofInvalid(Fault):
    """A proof, or the hash it is about, does not hold."""

    def __init__(self, message: str) -> None:
        super().__init__("ledger-proof-invalid", message, status=500)


class Frontier:
    """The perfect subtrees that make up a tree of `size` leaves, largest first: all that growing needs."""

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size < 0 or len(peaks) != size.bit_count() or any(len(peak) != HASH_SIZE for peak in peaks):
            raise ProofInvalid(f"{len(peaks)} peaks cannot stand for a tree of {size} leaves")
        self.size = size
        self.peaks = list(peaks)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add one leaf hash; return the subtrees of level 1 and up that it completed, lowest first."""
        done: list[tuple[int, int, bytes]] = []
        index, level = self.size, 0
        while index & 1:
            leaf = node_hash(self.peaks.pop(), leaf)
            index, level = index >> 1, level + 1
            done.append((level, index, leaf))
        self.peaks.append(leaf)
        self.size += 1
        return done

    def root(self) -> bytes:
        """The root hash of the whole tree."""
        return _fold(self.peaks) if self.peaks else EMPTY_ROOT


def leaf_hash(data: bytes) -> bytes:
    """The hash of an entry's bytes."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbouring subtrees."""
    return sha256(b"\x01" + left + right).digest()


def root_at(size: int, find: FindHash) -> bytes:
    """The root that the tree had when it held `size` leaves."""
    return _range_hash(0, size, find) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, find: FindHash) -> list[bytes]:
    """The path from leaf `index` to the root of the first `size` leaves, lowest hash first."""
    if not 0 <= index < size:
        raise ProofInvalid(f"entry {index} is not among the first {size}")
    ranges: list[tuple[int, int]] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = _split(start, stop)
        if index < middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    return [_range_hash(left, right, find) for left, right in reversed(ranges)]


def consistency_proof(old: int, new: int, find: FindHash) -> list[bytes]:
    """The hashes that show the first `old` leaves to be a prefix of the first `new`, lowest first."""
    if not 1 <= old <= new:
        raise ProofInvalid(f"a tree of {new} leaves cannot continue one of {old}")
    ranges: list[tuple[int, int]] = []
    start, stop = 0, new
    while old != stop:
        middle = _split(start, stop)
        if old <= middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:  # the verifier knows the old root, so a whole old tree is not repeated in the proof
        ranges.append((start, stop))
    return [_range_hash(left, right, find) for left, right in reversed(ranges)]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise `ProofInvalid` unless the leaf hash is at `index` of the tree with this size and root."""
    _check_hashes(leaf, root, *proof)
    if not 0 <= index < size:
        raise ProofInvalid(f"entry {index} is not among the first {size}")
    first, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise ProofInvalid("the inclusion proof is too long")
        if first & 1 or first == last:
            found = node_hash(step, found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            found = node_hash(found, step)
        first, last = first >> 1, last >> 1
    if last:
        raise ProofInvalid("the inclusion proof is too short")
    if found != root:
        raise ProofInvalid(f"entry {index} does not lead to the root of size {size}")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Raise `ProofInvalid` unless the tree of `new` leaves continues the tree of `old` leaves.

    An old size of 0 is refused: every tree continues the empty one, so that would show nothing.
    """
    if not 1 <= old <= new:
        raise ProofInvalid(f"a tree of {new} leaves cannot continue one of {old}")
    if old == new:  # nothing is hashed here, the roots are only compared
        if proof or old_root != new_root:
            raise ProofInvalid(f"two trees of {new} leaves differ")
        return
    _check_hashes(old_root, new_root, *proof)
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not proof:
        raise ProofInvalid("the consistency proof is empty")
    _follow(old, new, path, old_root, new_root)


def _follow(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    found_old = found_new = path[0]
    for step in path[1:]:
        if last == 0:
            raise ProofInvalid("the consistency proof is too long")
        if first & 1 or first == last:
            found_old, found_new = node_hash(step, found_old), node_hash(step, found_new)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            found_new = node_hash(found_new, step)
        first, last = first >> 1, last >> 1
    if last:
        raise ProofInvalid("the consistency proof is too short")
    if found_old != old_root or found_new != new_root:
        raise ProofInvalid(f"the tree of {new} leaves does not continue the one of {old}")


def _check_hashes(*hashes: bytes) -> None:
    if any(len(one) != HASH_SIZE for one in hashes):
        raise ProofInvalid(f"a hash is not {HASH_SIZE} bytes long")


def _split(start: int, stop: int) -> int:
    return start + (1 << (stop - start - 1).bit_length() - 1)


def _range_hash(start: int, stop: int, find: FindHash) -> bytes:
    return _fold([find(level, index) for level, index in _cover(start, stop)])


def _cover(start: int, stop: int) -> list[Subtree]:
    """The perfect subtrees of a range whose start is aligned to its size, largest first."""
    cover: list[Subtree] = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        cover.append((level, start >> level))
        start += 1 << level
    return cover


def _fold(peaks: Sequence[bytes]) -> bytes:
    found = peaks[-1]
    for peak in reversed(peaks[:-1]):
        found = node_hash(peak, found)
    return found
