"""The fused pass: four verdicts, four shapes, findings, and rules that cannot run."""

import json
from dataclasses import astuple

import duckdb
import pytest

from sosach.checks.catalogue import load_catalogue
from sosach.checks.contract import open_empty
from sosach.checks.fused import FOUND_TABLE, UNITS_TABLE, VERDICTS_TABLE, FusedPass
from sosach.registers import load_registers
from tests.unit.checks_sample import AS_OF, REAL, entry, fill, make_expectations

NFD = "Nguyê\u0303n"


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def check(tmp_path, con):
    """Run rules of a register over rows; returns the results by rule id."""

    def run(register, rules, rows, tables=None, as_of=AS_OF):
        named = [{"id": f"T{i:02}", **rule} if "id" not in rule else rule for i, rule in enumerate(rules, start=1)]
        expectations = make_expectations(tmp_path, **{f"{register}__du": named})
        catalogue = load_catalogue(expectations)
        open_empty(con, expectations)
        fill(con, register, rows)
        for table, others in (tables or {}).items():
            fill(con, table, others)
        return FusedPass(con, catalogue.registers[register], catalogue.rules, as_of).run()

    return run


def counts(result):
    return result.n_pass, result.n_fail, result.n_undecided, result.n_not_applicable


def verdicts(con, column=0):
    codes = "pfun"
    rows = con.execute(f"SELECT _v{column} FROM {VERDICTS_TABLE} ORDER BY record_id").fetchall()
    return "".join(codes[row[0]] for row in rows)


def found(con, what):
    return con.execute(f"SELECT {what} FROM {FOUND_TABLE} ORDER BY rule_id, record_id").fetchall()


def test_null_is_undecided_and_a_null_condition_does_not_apply(con, check):
    rule = entry(applies_when="gioi_tinh = 'Nam'", passes_when="ho_ten = 'A'")
    rows = [("Nam", "A"), ("Nam", "B"), ("Nam", None), ("Nữ", "A"), (None, "B")]
    result = check("dan_cu", [rule], [{"gioi_tinh": g, "ho_ten": t} for g, t in rows])
    assert verdicts(con) == "pfunn"
    assert counts(result["T01"]) == (1, 1, 1, 2)


def test_unique_looks_at_applicable_records_and_leaves_missing_keys_undecided(con, check):
    rule = entry(passes_when=None, unique=["so_dinh_danh", "ho_ten"], applies_when="ngay_chet IS NULL")
    rows = [
        {"so_dinh_danh": "1", "ho_ten": "A"},
        {"so_dinh_danh": "1", "ho_ten": "A"},
        {"so_dinh_danh": "2", "ho_ten": "H'Mông"},
        {"so_dinh_danh": "2", "ho_ten": "H'Mông", "ngay_chet": AS_OF},
        {"so_dinh_danh": None, "ho_ten": "A"},
        {"so_dinh_danh": "3", "ho_ten": NFD},
        {"so_dinh_danh": "3", "ho_ten": "Nguyễn"},
    ]
    check("dan_cu", [rule], rows)
    assert verdicts(con) == "ffpnupp"


def test_sequence_fails_after_a_gap_only_and_starts_at_one(con, check):
    rule = entry(
        passes_when=None,
        sequence={"per": ["ma_noi_dang_ky", "so_dau_nam"], "number": "so_dau_thu_tu"},
        evidence=["so_dau"],
        message="{so_dau}",
        cases=[{"verdict": "pass", "so_dau": "1/2020"}, {"verdict": "fail", "so_dau": "2/2020"}],
    )
    numbers = [(2020, 1), (2020, 2), (2020, 2), (2020, 5), (2020, 6), (2021, 3), (2021, None), (None, 1)]
    rows = [{"ma_noi_dang_ky": "16690", "so_dau_nam": year, "so_dau_thu_tu": number} for year, number in numbers]
    check("so_ho_tich", [rule], rows)
    assert verdicts(con) == "pppfpfuu"


def test_references_hold_on_the_date_of_the_event(con, check):
    rule = entry(
        passes_when=None,
        references={"column": "ma_noi_dang_ky", "list": "don_vi", "valid_on": "ngay_khoa_so"},
        evidence=["ma_noi_dang_ky"],
        message="{ma_noi_dang_ky}",
        cases=[{"verdict": "pass"}, {"verdict": "fail"}],
    )
    days = [("412", "2025-06-30"), ("412", "2025-07-01"), ("99999", "2020-01-01"), (None, "2020-01-01"), ("412", None)]
    check("so_ho_tich", [rule], [{"ma_noi_dang_ky": unit, "ngay_khoa_so": day} for unit, day in days])
    assert verdicts(con) == "pffuu"


def test_references_without_a_date_compare_the_official_text(con, check):
    rule = entry(passes_when=None, references={"column": "dan_toc", "list": "dan_toc"})
    check("dan_cu", [rule], [{"dan_toc": t} for t in ("Kinh", "kinh", "H'Mông", None)])
    assert verdicts(con) == "pffu"


def test_two_lookups_may_use_the_same_column_name(con, check):
    def looking(role, **more):
        lookup = f"SELECT record_id, max(person_id) AS nguoi FROM links WHERE role = '{role}' GROUP BY record_id"
        return entry(lookup=lookup, passes_when=f"nguoi = '{role}1'", evidence=["ho_ten", "nguoi"], **more)

    links = [{"record_id": "r1", "role": "vo", "person_id": "vo1"}, {"record_id": "r1", "role": "me", "person_id": "x"}]
    rules = [looking("vo", id="T01"), looking("me", id="T02"), entry(id="T03")]
    result = check("dan_cu", rules, [{"ho_ten": "A"}, {"ho_ten": "B"}], {"links": links})
    assert [counts(r) for r in result.values()] == [(1, 0, 1, 0), (0, 1, 1, 0), (2, 0, 0, 0)]
    assert json.loads(found(con, "evidence")[0][0]) == {"ho_ten": "A", "nguoi": "x"}


def test_as_of_is_the_date_of_the_run(con, check):
    rule = entry(passes_when="ngay_cap_nhat <= as_of", evidence=["ngay_cap_nhat"], message="{ngay_cap_nhat}")
    check("dan_cu", [rule], [{"ngay_cap_nhat": d} for d in ("2026-06-30", "2026-07-01")])
    assert verdicts(con) == "pf"


def test_finding_carries_plain_evidence_and_a_masked_sentence(con, check):
    columns = ["so_dinh_danh", "raw_so_cmnd", "ngay_sinh", "cha_ho_ten", "ngay_cap_the", "dia_chi", "ngay_sinh_nam"]
    rule = entry(passes_when="FALSE", evidence=columns, message=" | ".join(f"{{{c}}}" for c in columns))
    row = {
        "so_dinh_danh": "040190000011",
        "raw_so_cmnd": "18 1234567",
        "ngay_sinh_nam": 1975,
        "ngay_cap_the": "2021-03-09",
        "dia_chi": "số 5, CCCD 040190000011, it's here",
    }
    check("dan_cu", [rule], [row])
    ((evidence, message),) = found(con, "evidence, message")
    assert json.loads(evidence)["so_dinh_danh"] == "040190000011"
    assert json.loads(evidence)["ngay_cap_the"] == "2021-03-09"
    assert json.loads(evidence)["cha_ho_ten"] is None
    shown = "040*******11 | 18 *****67 | 1975 | (trống) | 09/03/2021 | số 5, CCCD 040*******11, it's here | 1975"
    assert message == shown


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"raw_ho_ten": "nguyen", "ho_ten": "Nguyễn"}, True),
        ({"raw_ho_ten": "nguyen", "ho_ten": "nguyen"}, False),
        ({"raw_ho_ten": "nguyen", "ho_ten": None}, False),
    ],
)
def test_mended_needs_a_value_that_differs_from_the_delivered_text(con, check, row, expected):
    rule = entry(answer="auto", mends="ho_ten", passes_when="raw_ho_ten <> 'nguyen'")
    result = check("dan_cu", [rule], [row])
    assert found(con, "mended") == [(expected,)]
    assert result["T01"].n_mended == int(expected)


def test_a_partial_date_counts_as_mended_once_it_is_understood(con, check):
    rule = entry(answer="auto", mends="ngay_sinh", passes_when="raw_ngay_sinh <> '28t'")
    known = {"raw_ngay_sinh": "28t", "ngay_sinh_nam": 1990, "ngay_sinh_do_chinh_xac": "tuoi"}
    check("dan_cu", [rule], [known, {"raw_ngay_sinh": "28t"}])
    assert found(con, "mended") == [(True,), (False,)]


BROKEN = {
    "unknown column": ({"passes_when": "tuoi > 3"}, "passes_when: Binder Error"),
    "not a boolean": ({"passes_when": "1"}, "passes_when: is INTEGER"),
    "condition not a boolean": ({"applies_when": "ho_ten"}, "applies_when: is VARCHAR"),
    "fails on a value": ({"passes_when": "CAST(ho_ten AS INTEGER) > 3"}, "ConversionException while running"),
    "lookup fails on a value": (
        {"lookup": "SELECT record_id, CAST(ho_ten AS INTEGER) AS n FROM dan_cu", "passes_when": "n > 3"},
        "lookup: ConversionException",
    ),
    "lookup doubles a record": (
        {"lookup": "SELECT record_id, role AS vai FROM links", "passes_when": "vai = 'vo'"},
        "more than one row",
    ),
}


@pytest.mark.parametrize(("changes", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_a_rule_that_cannot_run_is_an_engine_error_and_spares_the_others(con, check, changes, reason):
    links = [{"record_id": "r1", "role": "vo"}, {"record_id": "r1", "role": "me"}]
    rules = [entry(id="T01", **changes), entry(id="T02")]
    result = check("dan_cu", rules, [{"ho_ten": "Bí mật"}, {"ho_ten": None}], {"links": links})
    assert result["T01"].status == "engine_error"
    assert reason in result["T01"].error
    assert "Bí mật" not in result["T01"].error
    assert counts(result["T01"]) == (0, 0, 0, 0)
    assert (result["T02"].status, counts(result["T02"])) == ("ok", (1, 1, 0, 0))
    assert found(con, "rule_id") == [("T02",)]


def test_a_rule_whose_table_is_missing_says_which(con, tmp_path):
    lookup = "SELECT record_id, count(*) AS n FROM links GROUP BY record_id"
    rules = [entry(lookup=lookup, passes_when="n > 0"), entry(id="T02")]
    expectations = make_expectations(tmp_path, dan_cu__du=rules)
    catalogue = load_catalogue(expectations)
    open_empty(con, expectations)
    con.execute("DROP TABLE links")
    result = FusedPass(con, catalogue.registers["dan_cu"], catalogue.rules, AS_OF).run()
    assert result["T01"].error == "tables not there: links; run the stage that writes them"
    assert result["T02"].error is None


def test_lack_of_memory_is_not_blamed_on_a_rule(con, check, monkeypatch):
    def full(_self):
        raise duckdb.OutOfMemoryException("full")

    monkeypatch.setattr(FusedPass, "_write_verdicts", full)
    with pytest.raises(duckdb.OutOfMemoryException):
        check("dan_cu", [entry()], [{"ho_ten": "A"}])


def test_no_records_and_no_rules(con, check):
    assert counts(check("dan_cu", [entry()], [])["T01"]) == (0, 0, 0, 0)
    register = load_registers(REAL)["dan_cu"]
    assert FusedPass(con, register, [], AS_OF).run() == {}
    assert found(con, "*") == []


def test_the_fused_pass_agrees_with_one_query_a_rule(con, check):
    """Every rule alone, written by hand, against the pass over all: same counts, and units add up."""
    by_hand = {
        "T01": ("ho_ten IS NOT NULL", "TRUE"),
        "T02": ("length(so_dinh_danh) = 12", "TRUE"),
        "T03": ("ngay_sinh <= ngay_cap_nhat", "gioi_tinh = 'Nam'"),
        "T04": ("gioi_tinh IN ('Nam', 'Nữ')", "ngay_chet IS NULL"),
    }
    rules = [entry(id=name, passes_when=p, applies_when=a) for name, (p, a) in by_hand.items()]
    rows = [
        {
            "ho_ten": None if i % 7 == 0 else f"H'Mông {i}",
            "so_dinh_danh": None if i % 11 == 0 else "0" * (12 if i % 5 else 11),
            "ngay_sinh": f"19{i % 90 + 10}-01-01" if i % 3 else None,
            "ngay_cap_nhat": "1970-01-01",
            "gioi_tinh": (None, "Nam", "Nữ", "x")[i % 4],
            "ngay_chet": "2020-01-01" if i % 13 == 0 else None,
            "unit": f"u{i % 4}",
        }
        for i in range(200)
    ]
    result = check("dan_cu", rules, rows)
    for name, (passes, applies) in by_hand.items():
        expected = con.execute(
            f"SELECT count(*) FILTER (({applies}) AND ({passes})), count(*) FILTER (({applies}) AND NOT ({passes})), "
            f"count(*) FILTER (({applies}) AND ({passes}) IS NULL), count(*) FILTER (({applies}) IS NOT TRUE) "
            "FROM dan_cu"
        ).fetchone()
        assert counts(result[name]) == expected
        assert sum(expected) == 200
        sums = "sum(n_pass), sum(n_fail), sum(n_undecided), sum(n_not_applicable), sum(n_mended)"
        whole = con.execute(f"SELECT {sums} FROM {UNITS_TABLE} WHERE rule_id = '{name}'").fetchone()
        assert whole == astuple(result[name])[3:8]
