"""The evaluation of a whole small province, with its figures recomputed from the files by other means."""

import json
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from sosach.evaluate.evaluation import Evaluation, evaluate
from sosach.evaluate.table import markdown
from sosach.settings import Settings

CLASSES = ("planted", "side_effect", "not_delivered", "true_fact", "unexplained")


@pytest.fixture(scope="module")
def truth(sample: Path) -> Path:
    return sample.parent / "truth"


@pytest.fixture(scope="module")
def result(finished: tuple[Settings, str], truth: Path) -> Evaluation:
    return evaluate(*finished, truth)


def with_record_id(settings: Settings, run_id: str, table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the truth with the run's record ids, by file name and row."""
    manifest = json.loads((settings.home / "runs" / run_id / "manifest.json").read_text(encoding="utf-8"))
    files = pd.DataFrame(
        [(d["register"], Path(d["file_name"]).name, d["delivery_id"]) for d in manifest["deliveries"]],
        columns=["register", "file", "delivery_id"],
    )
    joined = table.merge(files, on=["register", "file"])
    return joined.assign(record_id=joined["delivery_id"] + ":" + joined["row"].astype(int).astype(str))


def test_every_planted_error_and_every_violation_is_counted_once(
    finished: tuple[Settings, str], truth: Path, result: Evaluation
) -> None:
    settings, run_id = finished
    planted = pd.read_parquet(truth / "corruptions.parquet")
    records = planted.drop_duplicates(["register", "file", "row", "record_key", "kind"])
    assert {k["kind"]: k["planted"] for k in result["kinds"]} == Counter(records["kind"])
    violations = pd.read_parquet(settings.home / "runs" / run_id / "violations.parquet")
    assert {r["rule_id"]: r["violations"] for r in result["rule_ids"]} == Counter(violations["rule_id"])
    for part in ("rules", "rule_ids"):
        assert all(sum(r[c] for c in CLASSES) == r["violations"] for r in result[part])
        for name in (*CLASSES, "violations"):
            assert sum(r[name] for r in result[part]) == result["totals"][name]
    assert len(planted) > 100
    assert result["totals"]["planted"] > 50


def test_recall_of_rules_of_one_cell_is_that_of_a_plain_join(
    finished: tuple[Settings, str], truth: Path, result: Evaluation
) -> None:
    settings, run_id = finished
    planted = pd.read_parquet(truth / "corruptions.parquet")
    violations = pd.read_parquet(settings.home / "runs" / run_id / "violations.parquet")
    tested = 0
    for code in ("CT18", "BK01", "BK02", "BK08", "LH12"):
        expected = planted[planted["rules"].map(lambda rules, code=code: code in rules)]
        expected = with_record_id(settings, run_id, expected.dropna(subset="file"))
        expected = expected.drop_duplicates(["register", "record_id", "kind"])
        seen = set(violations[violations["rule_id"].str.split("-").str[0] == code]["record_id"])
        lines = [r for r in result["rules"] if r["code"] == code and r["expected"]]
        assert sum(r["expected"] for r in lines) == len(expected), code
        assert sum(r["found_on_the_record"] for r in lines) == expected["record_id"].isin(seen).sum(), code
        tested += len(expected)
    assert tested > 20


def test_links_are_those_of_a_plain_join(finished: tuple[Settings, str], truth: Path, result: Evaluation) -> None:
    settings, run_id = finished
    links = pd.read_parquet(settings.home / "runs" / run_id / "links.parquet")
    people = pd.read_parquet(truth / "records.parquet").dropna(subset="person_id")
    roles = with_record_id(settings, run_id, people)
    told = links.merge(roles, on=["register", "record_id", "role"], suffixes=("_run", "_true"))

    def pairs(*by: str) -> int:
        sizes = told.groupby(list(by)).size()
        return int((sizes * (sizes - 1) // 2).sum())

    found = result["links"]["pairs"]
    assert found["precision"]["part"] == pairs("person_id_run", "person_id_true")
    assert found["precision"]["whole"] == pairs("person_id_run")
    assert found["recall"]["whole"] == pairs("person_id_true")
    assert found["precision"]["value"] > 0.99
    outside = told[told["register"] != "dan_cu"]
    assert {(r["register"], r["role"]): r["mentions"] for r in result["links"]["by_role"]} == Counter(
        zip(outside["register"], outside["role"], strict=True)
    )


def test_without_numbers_fewer_are_linked_and_hardly_one_wrongly(result: Evaluation) -> None:
    known = result["links"]["mentions"]["recall"]["value"]
    pins, any_number = result["links_without_numbers"]
    assert pins["left_out"] == any_number["left_out"] == ["cu_tru"]
    for found, gone in ((pins, {"pin"}), (any_number, {"pin", "cmnd"})):
        assert not gone & {m["method"] for m in found["by_method"]}
        assert "cu_tru" not in {r["register"] for r in found["by_role"]}
        assert found["mentions"]["precision"]["value"] > 0.99
        assert 0.8 < found["mentions"]["recall"]["value"] < known
        why = found["unlinked"]
        assert sum(why.values()) == found["mentions"]["unlinked_with_citizen_record"] > 0
    assert any_number["mentions"]["linked"] < pins["mentions"]["linked"]


def test_the_matrix_of_statuses_is_that_of_a_plain_join(
    finished: tuple[Settings, str], truth: Path, result: Evaluation
) -> None:
    settings, run_id = finished
    status = pd.read_parquet(settings.home / "runs" / run_id / "marital_status.parquet").query("in_scope")
    roles = with_record_id(settings, run_id, pd.read_parquet(truth / "records.parquet")).query("register == 'dan_cu'")
    told = status.merge(roles[["record_id", "person_id"]], on="record_id", suffixes=("_run", ""))
    told = told.merge(pd.read_parquet(truth / "persons.parquet"), on="person_id")
    cells = Counter(zip(told["derived"], told["tinh_trang_hon_nhan"], strict=True))
    found = result["marital_status"]
    assert {(m["derived"], m["truth"]): m["citizens"] for m in found["matrix"]} == cells
    assert found["in_scope"] == len(status) == sum(cells.values())
    assert found["confirmable"]["part"] == int(status["confirmable"].sum()) == found["confirmable_wrong"]["whole"]


def test_nothing_of_anybody_is_told(truth: Path, result: Evaluation) -> None:
    said = json.dumps(result, ensure_ascii=False) + markdown(result)
    people = pd.read_parquet(truth / "persons.parquet")
    told = [text for name in ("ho_ten", "so_dinh_danh", "so_cmnd") for text in people[name].dropna() if text in said]
    assert told == []
    keys = pd.read_parquet(truth / "records.parquet")["record_key"]
    assert not [key for key in keys.drop_duplicates() if "|" in key and key in said]
