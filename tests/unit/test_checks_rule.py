"""What the schema of a rule refuses: a wrong rule must not reach the data."""

from datetime import date

import pytest

from sosach.checks.catalogue import load_catalogue, read_catalogue
from sosach.checks.sql_text import parse_expression, parse_select, with_as_of
from sosach.errors import RuleFileError
from tests.unit.checks_sample import catalogue_of, entry, make_expectations

LOOKUP = "SELECT record_id, count(*) AS n_links FROM links GROUP BY record_id"

WRONG = {
    "unknown key": ({"tabel": "x"}, "tabel"),
    "no shape": ({"passes_when": None}, "exactly one of"),
    "two shapes": ({"unique": ["so_dinh_danh"]}, "exactly one of"),
    "lookup with a set shape": ({"passes_when": None, "unique": ["ho_ten"], "lookup": LOOKUP}, "at most one of lookup"),
    "explanation without list": ({"answer": "fix_or_explain"}, "accepted_explanations"),
    "list without explanation": ({"accepted_explanations": ["x"]}, "accepted_explanations"),
    "auto without field": ({"answer": "auto"}, "mends"),
    "mends no field": ({"answer": "auto", "mends": "ten"}, "mends: 'ten'"),
    "placeholder not in evidence": ({"message": "{so_dinh_danh}"}, "so_dinh_danh"),
    "stray brace": ({"message": "{ho_ten} {"}, "brace"),
    "unknown evidence": ({"evidence": ["ho_ten", "tuoi"]}, "tuoi"),
    "evidence twice": ({"evidence": ["ho_ten", "ho_ten"]}, "twice"),
    "unknown key column": ({"passes_when": None, "unique": ["ho"]}, "ho"),
    "no failing case": ({"cases": [{"verdict": "pass", "ho_ten": "A"}]}, "none with verdict fail"),
    "unknown verdict": ({"cases": [{"verdict": "ok"}, {"verdict": "fail"}]}, "cases.0"),
    "case without verdict": ({"cases": [{"ho_ten": "A"}, {"verdict": "fail"}]}, "verdict is missing"),
    "case with unknown column": ({"cases": [{"verdict": "pass", "ten": "A"}, {"verdict": "fail"}]}, "case 1"),
    "case with unknown table": (
        {"cases": [{"verdict": "pass", "tables": {"ho_khau": []}}, {"verdict": "fail"}]},
        "ho_khau",
    ),
    "law ends before it begins": (
        {"law": [{"text": "x", "source": "y", "from": date(2020, 1, 1), "to": date(2019, 1, 1)}]},
        "law.0",
    ),
    "tolerance without a reason": ({"tolerance": {"max_failed": 3}}, "tolerance.why"),
    "the clock": ({"applies_when": "ngay_sinh < now()"}, "now()"),
    "the clock as a word": ({"applies_when": "ngay_sinh < current_date"}, "current_date"),
    "chance": ({"applies_when": "random() > 0.5"}, "random()"),
    "a second statement": ({"passes_when": "TRUE); DROP TABLE dan_cu; SELECT (TRUE"}, "passes_when"),
    "no SQL": ({"passes_when": "ho_ten IS NOT"}, "passes_when"),
    "unknown table": ({"passes_when": "ho_ten IN (SELECT ten FROM nguoi)"}, "nguoi"),
    "unknown code list": ({"passes_when": None, "references": {"column": "dan_toc", "list": "toc"}}, "cl_toc"),
    "lookup without record_id": ({"lookup": "SELECT count(*) AS n FROM links"}, "record_id"),
    "lookup with star": ({"lookup": "SELECT * FROM links"}, "lookup"),
    "lookup that hides a column": ({"lookup": "SELECT record_id, 'x' AS ho_ten FROM links"}, "ho_ten"),
    "another dimension than the file": ({"dimension": "dung"}, "dimension"),
    "another register than the folder": ({"register": "ket_hon"}, "register"),
}


@pytest.mark.parametrize(("changes", "named"), WRONG.values(), ids=WRONG.keys())
def test_wrong_rule_is_refused_with_file_entry_and_field(tmp_path, changes, named):
    expectations = make_expectations(tmp_path, dan_cu__du=[entry(**changes)])
    with pytest.raises(RuleFileError) as refusal:
        load_catalogue(expectations)
    line = str(refusal.value)
    assert line.startswith(f"{expectations / 'dan_cu' / 'du.yaml'}: T01: ")
    assert named in line


def test_all_wrong_entries_are_told_and_right_ones_kept(tmp_path):
    rules = [entry(id="A1", version=0), entry(id="A2"), entry(id="A3", severity="high")]
    catalogue, problems = read_catalogue(make_expectations(tmp_path, dan_cu__du=rules))
    assert [rule.id for rule in catalogue.rules] == ["A2"]
    assert [line.split(": ")[1:3] for line in problems] == [["A1", "version"], ["A3", "severity"]]


def test_an_id_is_used_once_over_all_files(tmp_path):
    with pytest.raises(RuleFileError, match=r"T01: id: also used in .*dan_cu/du\.yaml"):
        catalogue_of(tmp_path, dan_cu__du=[entry()], dan_cu__song=[entry(dimension="song")])


def test_suites_are_named_by_register_and_dimension(tmp_path):
    cross = entry(id="X1", dimension="song", register="dan_cu")
    catalogue = catalogue_of(tmp_path, dan_cu__du=[entry()], lien_thong__song=[cross])
    assert list(catalogue.suites) == ["dan_cu.du", "lien_thong.dan_cu.song"]
    assert list(catalogue.suites_of("dan_cu")) == ["dan_cu.du", "lien_thong.dan_cu.song"]
    assert catalogue.suites_of("ket_hon") == {}


def test_cross_register_rule_must_name_its_register(tmp_path):
    with pytest.raises(RuleFileError, match="T01: register"):
        catalogue_of(tmp_path, lien_thong__du=[entry()])


def test_version_changes_with_rules_and_code_lists_only(tmp_path):
    expectations = make_expectations(tmp_path, dan_cu__du=[entry()])
    first = load_catalogue(expectations).version
    (expectations / "README.md").write_text("x", encoding="utf-8")
    assert load_catalogue(expectations).version == first
    with (expectations / "code_lists" / "dan_toc.csv").open("a", encoding="utf-8") as file:
        file.write("99,Mới,,,test,\n")
    assert load_catalogue(expectations).version != first


def test_as_of_is_replaced_outside_quotes_only():
    text = "ngay <= as_of AND ghi_chu <> 'as_of it''s as_of' AND AS_OF > x.as_ofs"
    expected = "ngay <= DATE '2026-06-30' AND ghi_chu <> 'as_of it''s as_of' AND DATE '2026-06-30' > x.as_ofs"
    assert with_as_of(text, date(2026, 6, 30)) == expected


def test_tables_are_read_from_the_sql_without_its_own_names():
    select = "WITH moi AS (SELECT * FROM links) SELECT record_id, (SELECT max(nam) FROM coverage) AS nam FROM moi"
    assert parse_select(select).tables == {"links", "coverage"}
    assert parse_select(select).output == ("record_id", "nam")
    assert parse_select("SELECT a.record_id, 1 AS n FROM x a UNION SELECT b, 2 FROM y").output == ("record_id", "n")
    assert parse_expression("a IN (SELECT code FROM cl_don_vi) -- why").tables == {"cl_don_vi"}
