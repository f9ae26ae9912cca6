"""The rules as Great Expectations' own JSON: stable, readable, and read back by that tool as the same suites."""

import json
import re
from pathlib import Path

import great_expectations as gx
import pytest

from sosach.checks.catalogue import load_catalogue
from sosach.checks.export import export_suites
from sosach.errors import SettingsError
from sosach.settings import PROJECT
from tests.unit.checks_sample import entry, make_expectations

REAL = PROJECT / "expectations"
COMPOUND = {"column_list": ["ho_ten", "dan_toc"], "ignore_row_if": "any_value_is_missing"}
UNIQUE = {"passes_when": None, "evidence": ["ho_ten"]}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gx") / "suites"
    export_suites(REAL, folder)
    return folder


def test_there_is_a_file_a_suite_with_every_rule(exported: Path) -> None:
    catalogue = load_catalogue(REAL)
    assert {path.name for path in exported.iterdir()} == {f"{name}.json" for name in catalogue.suites}
    for name, rules in catalogue.suites.items():
        listed = json.loads((exported / f"{name}.json").read_text(encoding="utf-8"))["expectations"]
        assert [own["meta"]["rule_id"] for own in listed] == [rule.id for rule in rules]
        assert [own["severity"] for own in listed] == [rule.severity for rule in rules]


def test_great_expectations_reads_every_suite_back(exported: Path) -> None:
    context = gx.get_context(mode="ephemeral")
    for path in sorted(exported.iterdir()):
        written = json.loads(path.read_text(encoding="utf-8"))
        suite = gx.ExpectationSuite(**written)
        assert len(suite.expectations) == len(written["expectations"])
        assert suite.to_json_dict() == written
        context.suites.add(suite)
    stored = context.suites.get("ket_hon.dung").to_json_dict()
    written = json.loads((exported / "ket_hon.dung.json").read_text(encoding="utf-8"))
    stored.pop("id"), written.pop("id")
    for own in stored["expectations"]:
        own.pop("id")
    assert stored == written


def test_a_rule_carries_its_law_dates_and_texts(exported: Path) -> None:
    listed = json.loads((exported / "ket_hon.dung.json").read_text(encoding="utf-8"))["expectations"]
    age = next(own for own in listed if own["meta"]["rule_id"] == "KH01")
    assert age["severity"] == "critical"
    assert age["description"].startswith("KH01. Tuổi kết hôn")
    assert age["notes"]
    meta = age["meta"]
    assert (meta["dimension"], meta["register"], meta["trial"]) == ("dung", "ket_hon", False)
    assert meta["law"][0]["from"] == "2015-01-01"
    assert meta["law"][0]["certainty"] == "published"
    assert meta["era"]["from"] == "2015-01-01"


def test_the_same_rules_give_the_same_bytes_without_random_ids(exported: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    export_suites(REAL, again)
    for path in sorted(exported.iterdir()):
        text = path.read_text(encoding="utf-8")
        assert (again / path.name).read_text(encoding="utf-8") == text
        assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-", text)
        assert "\\u" not in text


@pytest.mark.parametrize(
    ("changes", "native"),
    [
        ({**UNIQUE, "unique": ["ho_ten"]}, ("expect_column_values_to_be_unique", {"column": "ho_ten"})),
        ({**UNIQUE, "unique": ["ho_ten", "dan_toc"]}, ("expect_compound_columns_to_be_unique", COMPOUND)),
        (
            {**UNIQUE, "unique": ["ho_ten"], "applies_when": "ho_ten IS NOT NULL"},
            ("expect_column_values_to_be_unique", {"column": "ho_ten"}),
        ),
        ({**UNIQUE, "unique": ["ho_ten"], "applies_when": "gioi_tinh = 'Nam'"}, None),
        ({"passes_when": "ho_ten IS NOT NULL"}, ("expect_column_values_to_not_be_null", {"column": "ho_ten"})),
        ({"passes_when": "ho_ten IS NOT NULL", "applies_when": "gioi_tinh = 'Nam'"}, None),
        ({"passes_when": "ho_ten IS NOT NULL", "era": {"by": "ngay_cap_the", "from": "2016-01-01"}}, None),
        ({"passes_when": "length(ho_ten) > 2"}, None),
    ],
)
def test_a_native_expectation_is_named_only_where_it_means_the_same(
    tmp_path: Path, changes: dict[str, object], native: tuple[str, dict[str, object]] | None
) -> None:
    export_suites(make_expectations(tmp_path, dan_cu__du=[entry(**changes)]), tmp_path / "gx")
    (own,) = json.loads((tmp_path / "gx" / "dan_cu.du.json").read_text(encoding="utf-8"))["expectations"]
    assert own["meta"].get("native") == (native and {"type": native[0], "kwargs": native[1]})


def test_a_code_list_becomes_a_set_of_values(tmp_path: Path) -> None:
    listed = entry(
        passes_when=None, references={"column": "dan_toc", "list": "dan_toc"}, evidence=["dan_toc"], message="D."
    )
    export_suites(make_expectations(tmp_path, dan_cu__du=[listed]), tmp_path / "gx")
    (own,) = json.loads((tmp_path / "gx" / "dan_cu.du.json").read_text(encoding="utf-8"))["expectations"]
    values = own["meta"]["native"]["kwargs"]["value_set"]
    assert {"Kinh", "Khơ-mú"} <= set(values)
    assert values == sorted(values)


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    expectations = make_expectations(tmp_path, dan_cu__du=[entry()])
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("x", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"thesis\.txt"):
        export_suites(expectations, folder)
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]
    (folder / "thesis.txt").unlink()
    (folder / "dan_cu.old.json").write_text("{}", encoding="utf-8")
    export_suites(expectations, folder)
    assert [path.name for path in folder.iterdir()] == ["dan_cu.du.json"]
