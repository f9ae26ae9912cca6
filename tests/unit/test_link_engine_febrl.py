"""The generic config of the FEBRL comparison, on data like FEBRL's made here: no package of the peers is needed."""

import random

import duckdb
import pytest

from benchmarks.febrl.__main__ import measures, table
from benchmarks.febrl.config import febrl_config
from benchmarks.febrl.ours import link

GIVEN = (
    "emily",
    "joshua",
    "lachlan",
    "georgia",
    "samuel",
    "chloe",
    "isabella",
    "thomas",
    "hannah",
    "jaxon",
    "mia",
    "zane",
)
SURNAMES = ("nguyen", "white", "campbell", "ryan", "matthews", "clarke", "papageorgiou", "webb", "coleman", "hoffman")
STREETS = ("ashby circuit", "mullan street", "bruny crescent", "fitchett place", "tebbutt street", "stead close")
PLACES = ("rosetta village", "the willows", "angus stud", "glen eden", "dalamar", "sherwood park", "villa 19")
SUBURBS = ("lockleys", "cygnet river", "kellyville", "ascot vale", "park holme", "thornlie", "cressy", "colac")
STATES = ("nsw", "vic", "qld", "wa")
COLUMNS = (
    "given_name", "surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state", "date_of_birth",
    "soc_sec_id",
)  # fmt: skip
PERSONS = 100


def original(draw: random.Random, i: int) -> dict[str, str | None]:
    values = (
        draw.choice(GIVEN), draw.choice(SURNAMES), str(draw.randint(1, 150)), draw.choice(STREETS), draw.choice(PLACES),
        draw.choice(SUBURBS), str(draw.randint(2000, 7999)), draw.choice(STATES),
        f"19{draw.randint(10, 99)}{draw.randint(1, 12):02}{draw.randint(1, 28):02}", str(1_000_000 + i * 4321),
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def copy(draw: random.Random, record: dict[str, str | None]) -> dict[str, str | None]:
    """Two slips: a letter lost or doubled, two swapped, a value lost, the names swapped."""
    changed = dict(record)
    for column in draw.sample(COLUMNS, 2):
        text = str(changed[column])
        at = draw.randrange(len(text) - 1) if len(text) > 1 else 0
        slips = (text[:at] + text[at + 1 :], text[:at] + text[at] + text[at:],
                 text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :], None)  # fmt: skip
        changed[column] = draw.choice(slips)
    if draw.random() < 0.05:
        changed["given_name"], changed["surname"] = changed["surname"], changed["given_name"]
    return changed


def made(con: duckdb.DuckDBPyConnection) -> None:
    """Tables ``a`` (originals), ``b`` (a copy of each) and ``both``; original o<i> and copy c<i> are one person."""
    draw = random.Random(5)
    names = ", ".join(f"{column} VARCHAR" for column in COLUMNS)
    for name in ("a", "b"):
        con.execute(f"CREATE TABLE {name} (id VARCHAR, {names})")
    for i in range(PERSONS):
        record = original(draw, i)
        for name, key, cells in (("a", f"o{i}", record), ("b", f"c{i}", copy(draw, record))):
            con.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * 11)})", [key, *cells.values()])
    con.execute("CREATE TABLE pooled AS FROM a UNION ALL FROM b")


@pytest.mark.parametrize(("left", "right", "with_number"), [("pooled", None, False), ("a", "b", True)])
def test_finds_the_copies(left: str, right: str | None, with_number: bool) -> None:
    with duckdb.connect() as con:
        made(con)
        found = link(con, left, right, with_number, "made")
    truth = {(f"c{i}", f"o{i}") for i in range(PERSONS)}
    assert len(found - truth) <= 1
    assert len(found & truth) >= 0.98 * PERSONS


def test_the_peers_blocking_looks_at_less() -> None:
    assert len(febrl_config(True, peers_blocking=True).blocking) == 7
    assert len({febrl_config(a, b).digest for a in (True, False) for b in (True, False)}) == 4


def test_the_figures_of_a_tool() -> None:
    figure = {
        "set": "febrl1",
        "with_number": False,
        "tool": "sosach",
        "found": 90,
        "right": 80,
        "true": 100,
        "seconds": 1,
    }
    measured = measures(figure)
    assert measured["precision"]["value"] == pytest.approx(80 / 90, abs=1e-6)
    assert measured["recall"]["value"] == 0.8
    assert measured["f1"]["value"] == pytest.approx(160 / 190, abs=1e-6)
    assert measured["f1"]["low"] < measured["f1"]["value"] < measured["f1"]["high"]
    assert table([measured]).splitlines()[-1].startswith("| febrl1 | no | Sổ Sạch | 0.8889 (0.8")
    nothing = measures(figure | {"found": 0, "right": 0})
    assert nothing["precision"]["value"] is None
    assert "| none | 0.0000" in table([nothing])
