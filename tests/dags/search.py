"""Search everything that was written for a planted string, in every spelling; refuse what cannot be searched."""

import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path

# Beginnings of compressed formats: a string in them would go unseen.
OPAQUE = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"PAR1": "parquet",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"%PDF": "pdf",
}
PICTURES = (b"\x89PNG", b"\xff\xd8\xff")


def spellings(needle: str) -> set[str]:
    """How a text may stand in a file, in lower case: composed, decomposed, JSON-escaped, without diacritics."""
    bare = "".join(
        c
        for c in unicodedata.normalize("NFD", needle.replace("đ", "d").replace("Đ", "D"))
        if not unicodedata.combining(c)
    )
    plain = {unicodedata.normalize("NFC", needle), unicodedata.normalize("NFD", needle), bare}
    found = {text.casefold() for text in plain}
    found |= {
        json.dumps(text)[1:-1].casefold()
        for case in (str, str.upper, str.lower, str.title)
        for text in map(case, plain)
    }
    return found | {text.replace(" ", joint) for text in found for joint in ("_", "-", "%20", "+")}


def occurrences(roots: Sequence[Path], needles: Sequence[str]) -> tuple[list[str], int]:
    """Where any of the needles stands in files (names and contents) under the roots.

    Returns:
        Lines ``<file>: <needle>``, and the number of files that were read.

    Raises:
        AssertionError: a root is missing or empty, or a file is compressed and so cannot be searched.
    """
    wanted = {needle: spellings(needle) for needle in needles}
    hits, read = [], 0
    for root in roots:
        files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file())
        assert files, f"{root}: nothing to search"
        for path in files:
            content = path.read_bytes()
            read += 1
            kind = next((name for magic, name in OPAQUE.items() if content.startswith(magic)), None)
            assert kind is None, f"{path}: {kind}, cannot be searched"
            if content.startswith(PICTURES):
                content = b""
            for encoding in ("utf-8", "utf-16-le"):
                text = f"{path.name}\n{content.decode(encoding, errors='replace')}".casefold()
                hits += [f"{path}: {needle}" for needle, ways in wanted.items() if any(way in text for way in ways)]
    return sorted(set(hits)), read
