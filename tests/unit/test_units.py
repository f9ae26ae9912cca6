"""The dated list of communes agrees with an independent source: the data of the package vietnamadminunits (MIT)."""

import csv
import json
import sqlite3
from collections import Counter
from pathlib import Path

import vietnamadminunits

from sosach.settings import PROJECT

PROVINCE = "40"  # Nghệ An, in the list of provinces in force since 01/07/2025 and before
KINDS = {"phuong": "Phường", "xa": "Xã", "thi_tran": "Thị trấn"}
DATA = Path(vietnamadminunits.__file__).parent / "data"


def listed() -> list[dict[str, str]]:
    path = PROJECT / "expectations" / "code_lists" / "don_vi.csv"
    return [row for row in csv.DictReader(path.open(encoding="utf-8")) if row["level"] == "xa"]


def test_communes_before_and_after_july_2025_are_those_of_the_package() -> None:
    with sqlite3.connect(DATA / "dataset.db") as source:
        new = source.execute("SELECT wardCode, wardShort, wardType FROM admin_units WHERE provinceCode = ?", [PROVINCE])
        old = source.execute(
            "SELECT wardCode, wardShort, wardType FROM admin_units_legacy WHERE provinceCode = ?", [PROVINCE]
        )
        expected = {"new": set(new.fetchall()), "old": set(old.fetchall())}
    ours = {"new": set(), "old": set()}
    for row in listed():
        era = "new" if row["valid_from"] == "2025-07-01" else "old"
        ours[era].add((row["code"], row["name"], KINDS[row["type"]]))
    assert ours == expected
    assert (len(ours["new"]), len(ours["old"])) == (130, 412)


def test_every_old_commune_has_the_successor_of_the_package() -> None:
    converter = json.loads((DATA / "converter_2025.json").read_text(encoding="utf-8"))
    merged = converter["DICT_PROVINCE_WARD_NO_DIVIDED"]["tinhnghean"]
    with sqlite3.connect(DATA / "dataset.db") as source:
        new = dict(source.execute("SELECT wardKey, wardCode FROM admin_units WHERE provinceCode = ?", [PROVINCE]))
    expected = Counter({new[ward]: len(parts) for ward, parts in merged.items()})
    assert Counter(row["successor"] for row in listed() if row["valid_to"]) == expected


def test_a_code_that_lives_on_lies_inside_the_commune_that_carries_it() -> None:
    rows = listed()
    today = {row["code"] for row in rows if not row["valid_to"]}
    kept = [row for row in rows if row["valid_to"] and row["code"] in today]
    assert len(kept) > 100
    assert all(row["successor"] == row["code"] for row in kept)
