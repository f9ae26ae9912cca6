"""Clusters and their guard, and who keeps which person id."""

from collections.abc import Iterator
from random import Random

import duckdb
import pytest

from sosach.link import clusters, identity

Edge = tuple[str, str, bool]
Member = tuple[str, str, str, str, str, str]  # register, record_id, record_key, role, cluster, old person or ""


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        clusters.start(con)
        yield con


def connected(con: duckdb.DuckDBPyConnection, ids: list[str], edges: list[Edge], most: int = 100) -> dict[str, str]:
    con.execute("CREATE OR REPLACE TABLE nodes AS SELECT unnest(?) AS id, 1 AS size", [ids])
    con.execute("CREATE OR REPLACE TABLE edges (left_id VARCHAR, right_id VARCHAR, sure BOOLEAN)")
    if edges:
        con.executemany("INSERT INTO edges VALUES (?, ?, ?)", edges)
    clusters.connected(con, "nodes", "edges", most)
    return dict(con.execute("SELECT id, cluster FROM clustered").fetchall())


def by_walking(ids: list[str], edges: list[Edge]) -> dict[str, str]:
    """The smallest id that can be reached, by plain search."""
    found: dict[str, str] = {}
    for start in sorted(ids):
        waiting = [start]
        while waiting:
            node = waiting.pop()
            if node not in found:
                found[node] = start
                waiting += [b for a, b, _ in edges if a == node] + [a for a, b, _ in edges if b == node]
    return found


@pytest.mark.parametrize("shape", ["chain", "star", "zigzag", "random"])
def test_components_are_those_of_a_plain_search(con: duckdb.DuckDBPyConnection, shape: str) -> None:
    random, n = Random(shape), 40
    ids = [f"n{i:02}" for i in range(n)]
    pairs = {
        "chain": [(i, i + 1) for i in range(n - 1)],
        "star": [(n - 1, i) for i in range(n - 5)],
        "zigzag": [(i, n - 1 - i) for i in range(n // 2)] + [(n - 1 - i, i + 1) for i in range(n // 2 - 3)],
        "random": [(random.randrange(n), random.randrange(n)) for _ in range(n // 2)] + [(3, 3)],
    }[shape]
    edges = [(ids[a], ids[b], random.random() < 0.5) for a, b in pairs]
    assert connected(con, ids, edges) == by_walking(ids, edges)
    assert con.execute("FROM stopped_clusters").fetchall() == []


def test_a_cluster_that_swallows_too_many_keeps_its_sure_links_alone(con: duckdb.DuckDBPyConnection) -> None:
    ids = [f"n{i}" for i in range(8)]
    edges = [("n0", "n1", True), ("n2", "n3", True), *((f"n{i}", f"n{i + 1}", False) for i in range(1, 6, 2))]
    edges += [("n4", "n5", False), ("n6", "n7", False)]
    found = connected(con, ids, edges, most=4)
    assert found["n1"] == "n0"
    assert found["n3"] == "n2"
    assert [found[n] for n in ("n4", "n5")] == ["n4", "n5"]
    ((size, key, reason, dropped),) = con.execute("FROM stopped_clusters").fetchall()
    assert (size, key, dropped) == (8, "n0", 5)
    assert "vượt mức 4" in reason
    assert "chỉ giữ liên kết theo khóa chính xác" in reason
    assert con.execute("SELECT count(*) FROM stopped_members WHERE key = 'n0'").fetchone() == (8,)


def test_sure_links_that_swallow_too_many_go_too(con: duckdb.DuckDBPyConnection) -> None:
    ids = [f"n{i}" for i in range(6)]
    found = connected(con, ids, [(f"n{i}", f"n{i + 1}", True) for i in range(5)], most=5)
    assert found == {n: n for n in ids}
    assert con.execute("SELECT size, n_edges FROM stopped_clusters").fetchall() == [(6, 5)]


def test_a_subject_with_too_many_namings_keeps_the_sure_ones(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE TABLE linked (id VARCHAR, subject_id VARCHAR, method VARCHAR)")
    rows = [("a", "s", "pin"), ("b", "s", "cmnd"), ("c", "s", "probable"), ("d", "s", "probable"), ("e", "t", "pin")]
    con.executemany("INSERT INTO linked VALUES (?, ?, ?)", rows)
    assert clusters.stop_stars(con, "linked", 3) == clusters.Stopped(1, 2)
    assert {id_ for (id_,) in con.execute("SELECT id FROM linked").fetchall()} == {"a", "b", "e"}
    assert con.execute("SELECT size, key, n_edges FROM stopped_clusters").fetchall() == [(5, "s", 2)]


def assigned(
    con: duckdb.DuckDBPyConnection,
    members: list[Member],
    gone: tuple[str, ...] = (),
    first_runs: dict[str, str] | None = None,
    joins: tuple[tuple[str, str, str], ...] = (),
) -> tuple[dict[str, str], list[tuple[str, str, str]], dict[str, int]]:
    """record id -> person id, the changes, the counts; ``gone`` are persons of the run before without a record now."""
    known = sorted({m[5] for m in members if m[5]} | set(gone))
    con.execute("CREATE OR REPLACE TABLE members (id VARCHAR, register VARCHAR, record_id VARCHAR, record_key VARCHAR, "
                "role VARCHAR, cluster VARCHAR)")  # fmt: skip
    con.execute("CREATE OR REPLACE TABLE before_links AS SELECT register, record_id, record_key, role, "
                "'' AS person_id, 'pin' AS method FROM members LIMIT 0")  # fmt: skip
    con.execute("CREATE OR REPLACE TABLE before_ids (person_id VARCHAR, first_run VARCHAR)")
    con.execute("CREATE OR REPLACE TABLE joins (left_id VARCHAR, right_id VARCHAR, method VARCHAR)")
    for register, record_id, key, role, cluster, old in members:
        con.execute(
            "INSERT INTO members VALUES (?, ?, ?, ?, ?, ?)", [record_id, register, record_id, key, role, cluster]
        )
        if old:
            con.execute("INSERT INTO before_links VALUES (?, ?, ?, ?, ?, 'pin')", [register, record_id, key, role, old])
    for person in gone:
        con.execute("INSERT INTO before_links VALUES ('bhyt', ?, ?, 'chu_the', ?, 'pin')", [person, person, person])
    for person in known:
        con.execute("INSERT INTO before_ids VALUES (?, ?)", [person, (first_runs or {}).get(person, "r1")])
    for join in joins:
        con.execute("INSERT INTO joins VALUES (?, ?, ?)", list(join))
    counts = identity.assign(con, "r2")
    found = con.execute("SELECT record_id, person_id FROM members JOIN cluster_person USING (cluster)").fetchall()
    changes = con.execute("SELECT change, person_id, other_person_id FROM person_changes ORDER BY ALL").fetchall()
    return dict(found), changes, counts


def naming(record: str, cluster: str, old: str = "", register: str = "bhyt", key: str = "") -> Member:
    return register, record, key or record, "chu_the", cluster, old


def test_an_id_comes_from_the_record_that_founds_the_person(con: duckdb.DuckDBPyConnection) -> None:
    first = [naming("b1", "c"), naming("d1", "c", register="dan_cu", key="040085000011")]
    found, changes, counts = assigned(con, first)
    assert found["b1"] == found["d1"]
    assert changes == []
    assert (counts["persons_new"], counts["persons_after"]) == (1, 1)
    again, _, _ = assigned(con, [naming("d9", "x", register="dan_cu", key="040085000011"), naming("b0", "x")])
    assert again["d9"] == found["d1"]  # the same natural key in another delivery


def test_two_persons_under_one_key_have_two_ids(con: duckdb.DuckDBPyConnection) -> None:
    found, _, _ = assigned(
        con, [naming("d1", "a", register="dan_cu", key="k"), naming("d2", "b", register="dan_cu", key="k")]
    )
    assert found["d1"] != found["d2"]


def test_a_known_person_keeps_the_id_though_the_record_came_again(con: duckdb.DuckDBPyConnection) -> None:
    found, _, _ = assigned(con, [naming("b1", "c", "P1"), naming("b2", "c")])
    assert set(found.values()) == {"P1"}
    con.execute("UPDATE before_links SET record_id = 'older:1' WHERE record_id = 'b1'")
    identity.assign(con, "r2")
    assert con.execute("SELECT person_id FROM cluster_person").fetchall() == [("P1",)]


def test_of_two_merged_persons_the_older_lives_on(con: duckdb.DuckDBPyConnection) -> None:
    members = [naming("b1", "c", "P1"), naming("b2", "c", "P2")]
    first_runs = {"P1": "2025-02-01_a", "P2": "2025-01-01_b"}
    found, changes, counts = assigned(con, members, first_runs=first_runs, joins=(("b1", "b2", "cmnd"),))
    assert set(found.values()) == {"P2"}
    assert changes == [("merged", "P2", "P1")]
    assert counts["persons_merged"] == 1
    ((reason, record),) = con.execute("SELECT reason, record_id FROM person_changes").fetchall()
    assert reason == "Nhập làm một người: dữ liệu bảo hiểm y tế, bản ghi b1 khớp theo số CMND."
    assert record == "b1"


def test_a_split_leaves_the_id_with_the_citizen_record(con: duckdb.DuckDBPyConnection) -> None:
    members = [naming("d1", "a", "P1", register="dan_cu"), naming("b1", "b", "P1"), naming("b2", "b", "P1")]
    found, changes, counts = assigned(con, members)
    assert found["d1"] == "P1"
    assert found["b1"] == found["b2"] != "P1"
    assert changes == [("split", "P1", found["b1"])]
    assert counts["persons_split"] == 1
    ((reason,),) = con.execute("SELECT reason FROM person_changes").fetchall()
    assert reason.endswith("bản ghi b1 trước khớp theo số định danh, nay không còn khớp.")


def test_a_split_without_a_citizen_record_leaves_the_id_with_the_most(con: duckdb.DuckDBPyConnection) -> None:
    found, _, _ = assigned(con, [naming("b1", "a", "P1"), naming("b2", "b", "P1"), naming("b3", "b", "P1")])
    assert found["b3"] == "P1"
    assert found["b1"] != "P1"


def test_the_id_of_a_part_is_never_one_that_another_part_keeps(con: duckdb.DuckDBPyConnection) -> None:
    """The founder of a person leaves it: its own hash is that person's id."""
    (old,) = set(assigned(con, [naming("b1", "c")])[0].values())
    found, _, _ = assigned(con, [naming("b1", "a", old), naming("b2", "b", old), naming("b3", "b", old)])
    assert found["b2"] == old
    assert found["b1"] != old


def test_persons_balance(con: duckdb.DuckDBPyConnection) -> None:
    members = [naming("b1", "a", "P1"), naming("b2", "a", "P2"), naming("b3", "b", "P2"), naming("b4", "c"),
               naming("b5", "d", "P3"), naming("b6", "e", "P3")]  # fmt: skip
    _, changes, counts = assigned(con, members, gone=("P9",))
    assert [change for change, *_ in changes] == ["merged", "split", "split"]  # P2 into P1, b3 from P2, b6 from P3
    born, ended = counts["persons_new"] + counts["persons_split"], counts["persons_merged"] + counts["persons_gone"]
    assert counts["persons_gone"] == 1
    assert counts["persons_before"] + born - ended == counts["persons_after"] == 5
