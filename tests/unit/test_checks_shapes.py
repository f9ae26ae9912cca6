"""Shapes that look beyond the record: a counterpart, events in order, figures of units; eras, trial, statuses."""

from datetime import date

import duckdb
import pytest

from sosach.checks.cases import CaseRunner
from sosach.checks.catalogue import load_catalogue, read_catalogue
from sosach.checks.fused import FOUND_TABLE, GROUPS_TABLE, FusedPass
from sosach.checks.gx import check_register
from sosach.checks.join import join_parts
from sosach.duck import connect
from sosach.lake import Lake
from sosach.settings import Settings
from tests.unit.checks_sample import AS_OF, entry, fill, make_expectations, make_run

PAIR = {
    "id": "C1",
    "register": "ly_hon",
    "dimension": "dung",
    "pair": {"with": "dan_cu", "here": "vo", "there": "chu_the", "columns": {"dc_ten": "ho_ten"}},
    "passes_when": "vo_ho_ten = dc_ten",
    "evidence": ["vo_ho_ten", "dc_ten"],
    "message": "Bản án ghi {vo_ho_ten}, dân cư ghi {dc_ten}.",
    "cases": [
        {"verdict": "pass", "vo_ho_ten": "LÒ A", "dc_ten": "LÒ A"},
        {"verdict": "fail", "vo_ho_ten": "LÒ A", "dc_ten": "LÒ B"},
        {"verdict": "undecided", "vo_ho_ten": "LÒ A", "dc_ten": None},
        {"verdict": "not_applicable", "vo_ho_ten": "LÒ A"},
    ],
}
ORDER = {
    "id": "O1",
    "register": "ly_hon",
    "dimension": "dung",
    "passes_when": None,
    "order": {
        "events": {
            "sinh": [{"register": "dan_cu", "role": "chu_the", "date": "ngay_sinh"}],
            "ly_hon": [{"register": "ly_hon", "role": "vo", "date": "ngay_hieu_luc"}],
            "chet": [{"register": "dan_cu", "role": "chu_the", "date": "ngay_chet", "where": "ngay_chet IS NOT NULL"}],
        },
        "allowed": {"start": ["sinh"], "sinh": ["ly_hon", "chet"], "ly_hon": ["ly_hon", "chet"]},
    },
    "evidence": ["su_kien_truoc", "ngay_su_kien_truoc"],
    "message": "Sau {su_kien_truoc} ngày {ngay_su_kien_truoc}.",
    "cases": [{"verdict": "pass"}, {"verdict": "fail"}],
}
FIGURE = {
    "id": "F1",
    "register": "dan_cu",
    "dimension": "song",
    "aggregate": {
        "period": "year(ngay_cap_nhat)",
        "measures": {"so_nguoi": "count(*)", "so_nam": "count(*) FILTER (gioi_tinh = 'Nam')"},
    },
    "applies_when": "so_nguoi >= 2",
    "passes_when": "so_nam < so_nguoi",
    "evidence": ["unit", "period", "so_nam"],
    "message": "{unit} năm {period}: {so_nam} nam.",
    "cases": [
        {"verdict": "pass", "so_nguoi": 3, "so_nam": 1},
        {"verdict": "fail", "so_nguoi": 3, "so_nam": 3},
        {"verdict": "undecided", "so_nguoi": 3},
        {"verdict": "not_applicable", "so_nguoi": 1, "so_nam": 1},
        {
            "rows": [
                {"verdict": "fail", "unit": "16690", "period": "2024"},
                {"verdict": "not_applicable", "unit": "16690", "period": "2025"},
            ],
            "tables": {
                "dan_cu": [
                    {"unit": "16690", "gioi_tinh": "Nam", "ngay_cap_nhat": date(2024, 1, 1)},
                    {"unit": "16690", "gioi_tinh": "Nam", "ngay_cap_nhat": date(2024, 9, 1)},
                    {"unit": "16690", "gioi_tinh": "Nữ", "ngay_cap_nhat": date(2025, 9, 1)},
                ]
            },
        },
    ],
}


def failures(folder, *rules):
    by_file = {}
    for rule in rules:
        by_file.setdefault(f"lien_thong__{rule['dimension']}", []).append(entry(**rule))
    expectations = make_expectations(folder, **by_file)
    catalogue = load_catalogue(expectations)
    with duckdb.connect() as con:
        return CaseRunner(con, catalogue, expectations).failures(catalogue.rules)


def problems(folder, rule):
    return "\n".join(
        read_catalogue(make_expectations(folder, **{f"lien_thong__{rule['dimension']}": [entry(**rule)]}))[1]
    )


def test_cases_of_a_pair_given_directly(tmp_path):
    assert failures(tmp_path, PAIR) == {"C1": []}


def test_a_pair_finds_the_same_person_elsewhere(tmp_path):
    expectations = make_expectations(tmp_path, lien_thong__dung=[entry(**PAIR)])
    catalogue = load_catalogue(expectations)
    links = [
        {"register": "ly_hon", "record_id": "a", "role": "vo", "person_id": "P1", "method": "pin"},
        {"register": "ly_hon", "record_id": "b", "role": "vo", "person_id": "P2", "method": "pin"},
        {"register": "ly_hon", "record_id": "b", "role": "chong", "person_id": "P1", "method": "pin"},
        {"register": "ly_hon", "record_id": "c", "role": "vo", "person_id": "P3", "method": "unlinked"},
        {"register": "dan_cu", "record_id": "x", "role": "chu_the", "person_id": "P1", "method": "pin"},
        {"register": "dan_cu", "record_id": "y", "role": "chu_the", "person_id": "P2", "method": "pin"},
    ]
    with connect(Settings(home=tmp_path, expectations=expectations)) as con:
        CaseRunner(con, catalogue, expectations)  # makes the empty tables
        fill(con, "links", links)
        fill(con, "ly_hon", [{"record_id": i, "vo_ho_ten": "LÒ A"} for i in "abc"])
        fill(con, "dan_cu", [{"record_id": "x", "ho_ten": "LÒ B"}, {"record_id": "y", "ho_ten": "LÒ A"}])
        result = FusedPass(con, catalogue.registers["ly_hon"], catalogue.rules, AS_OF).run()["C1"]
        found = con.execute(f"SELECT record_id, message FROM {FOUND_TABLE}").fetchall()
    assert (result.n_pass, result.n_fail, result.n_undecided, result.n_not_applicable) == (1, 1, 0, 1)
    assert found == [("a", "Bản án ghi LÒ A, dân cư ghi LÒ B.")]


@pytest.mark.parametrize(
    ("day", "dead", "linked", "verdict"),
    [
        (date(2020, 5, 1), None, True, "pass"),
        (date(2020, 5, 1), date(2020, 5, 1), True, "pass"),  # of one day: the order in which events are named
        (date(2020, 5, 2), date(2020, 5, 1), True, "fail"),
        (None, date(2020, 5, 1), True, "undecided"),
        (date(2020, 5, 2), date(2020, 5, 1), False, "undecided"),
    ],
)
def test_steps_that_are_not_allowed_fail(tmp_path, day, dead, linked, verdict):
    method = "pin" if linked else "unlinked"
    case = {
        "rows": [
            {"verdict": verdict, "record_id": "a", "ngay_hieu_luc": day},
            {"verdict": "not_applicable", "record_id": "n"},
        ],
        "tables": {
            "dan_cu": [{"record_id": "x", "ngay_sinh": date(1980, 1, 1), "ngay_chet": dead}],
            "links": [
                {"register": "ly_hon", "record_id": "a", "role": "vo", "person_id": "P1", "method": method},
                {"register": "dan_cu", "record_id": "x", "role": "chu_the", "person_id": "P1", "method": "pin"},
            ],
        },
    }
    rule = {**ORDER, "cases": [case, {"verdict": "pass"}, {"verdict": "fail"}]}
    told = {str(f).split(":")[1].strip()[:6] for f in failures(tmp_path, rule)["O1"]}
    assert told == {"case 2", "case 3"}  # these two claim what an unlinked record cannot show: the check sees it


def test_figures_of_units_have_verdicts_of_their_own(tmp_path):
    assert failures(tmp_path, FIGURE) == {"F1": []}


def test_a_wrong_claim_about_a_figure_is_seen(tmp_path):
    wrong = {**FIGURE, "cases": [*FIGURE["cases"], {"verdict": "pass", "so_nguoi": 3, "so_nam": 3}]}
    assert [str(f) for f in failures(tmp_path, wrong)["F1"]] == ["F1: case 6 row 1: expected pass, got fail"]


def test_all_units_counts_the_communes_that_sent_nothing(tmp_path):
    shape = {"measures": {"so_nguoi": "count(*)"}, "all_units": True}
    rule = entry(
        **{
            **FIGURE,
            "aggregate": shape,
            "applies_when": None,
            "passes_when": "so_nguoi > 0",
            "evidence": ["unit"],
            "message": "{unit} không có ai.",
            "cases": [{"verdict": "pass", "so_nguoi": 1}, {"verdict": "fail", "so_nguoi": 0}],
        }
    )
    settings = make_run(tmp_path, make_expectations(tmp_path, lien_thong__song=[rule]), {"dan_cu": [{"unit": "16690"}]})
    check_register(settings, "r1", "dan_cu", AS_OF)
    join_parts(settings, "r1")
    with duckdb.connect() as con:
        run = Lake(settings.home).run("r1")
        verdicts = con.execute(
            f"SELECT verdict, count(*) FROM '{run.table('figures')}' GROUP BY ALL ORDER BY 1"
        ).fetchall()
        found = con.execute(f"SELECT count(*), min(record_id) FROM '{run.table('violations')}'").fetchone()
        n = con.execute(f"SELECT n_records, n_fail FROM '{run.table('rule_results')}'").fetchone()
    assert verdicts[0][1] > 100
    assert verdicts[1] == ("pass", 1)
    assert found[0] == verdicts[0][1] == n[1]
    assert found[1].startswith("don_vi:")
    assert n[0] == n[1] + 1


def test_an_era_ends_with_its_last_day(tmp_path):
    days = {
        date(2014, 12, 31): "not_applicable",
        date(2015, 1, 1): "fail",
        date(2020, 2, 29): "fail",
        date(2020, 3, 1): "not_applicable",
    }
    cases = [{"verdict": verdict, "ngay_cap_nhat": day} for day, verdict in days.items()]
    cases += [{"verdict": "pass", "ho_ten": "A", "ngay_cap_nhat": date(2016, 1, 1)}, {"verdict": "not_applicable"}]
    rule = entry(
        era={"by": "ngay_cap_nhat", "from": date(2015, 1, 1), "to": date(2020, 2, 29)},
        cases=cases,
        dimension="du",
        register="dan_cu",
    )
    assert failures(tmp_path, rule) == {"T01": []}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"pair": {**PAIR["pair"], "columns": {"dc_ten": "ten"}}}, r"pair: \['ten'\] are no columns of dan_cu"),
        ({"pair": {**PAIR["pair"], "with": "ho_khau"}}, "ho_khau"),
        ({"lookup": "SELECT record_id FROM links"}, "at most one of lookup, pair, aggregate"),
        ({"era": {"by": "ngay_ban_an"}}, "from, to or both"),
        ({"severity": "critical", "law": [{"text": "x", "source": "y", "certainty": "likely"}]}, "unsure"),
        ({"order": ORDER["order"]}, "exactly one of"),
    ],
)
def test_wrong_entries_are_refused_by_name(tmp_path, change, named):
    import re

    assert re.search(named, problems(tmp_path, {**PAIR, **change}))


def test_steps_between_unknown_events_are_refused(tmp_path):
    order = {**ORDER["order"], "allowed": {"start": ["cuoi"]}}
    assert "['cuoi'] are no events" in problems(tmp_path, {**ORDER, "order": order})


def test_trial_rules_are_told_apart_and_not_counted(tmp_path):
    rules = [entry(id="L1"), entry(id="L2", trial=True)]
    settings = make_run(
        tmp_path, make_expectations(tmp_path, dan_cu__du=rules), {"dan_cu": [{"ho_ten": None}, {"ho_ten": "A"}]}
    )
    counts = check_register(settings, "r1", "dan_cu", AS_OF)
    assert counts == {"records": 2, "rules": 1, "violations": 1, "mended": 0, "engine_errors": 0, "trial": 1}
    assert join_parts(settings, "r1")["violations"] == 1
    run = Lake(settings.home).run("r1")
    with duckdb.connect() as con:
        told = {
            name: con.execute(f"SELECT list(DISTINCT rule_id) FROM '{run.table(name)}'").fetchone()[0]
            for name in (
                "violations",
                "evidence",
                "rule_results",
                "rule_results_by_unit",
                "trial_violations",
                "trial_results",
            )
        }
    assert told == {
        "violations": ["L1"], "evidence": ["L1"], "rule_results": ["L1"], "rule_results_by_unit": ["L1"],
        "trial_violations": ["L2"], "trial_results": ["L2"],
    }  # fmt: skip


STATUS_RULES = [
    entry(id="S1"),
    entry(id="S2", passes_when="ngay_chet > ngay_sinh", evidence=["ngay_chet"], message="{ngay_chet}"),
    entry(id="S3", applies_when="ton_giao = 'Khác'"),
    entry(id="S4", passes_when="length(dan_toc) > 1"),
    entry(id="S5", passes_when="ten_lot IS NOT NULL"),
    entry(id="S6", passes_when="ngay_sinh < as_of"),
]


def statuses(folder, rows, break_core=None):
    settings = make_run(folder, make_expectations(folder, dan_cu__du=STATUS_RULES), {"dan_cu": rows})
    run = Lake(settings.home).run("r1")
    if break_core:
        with duckdb.connect() as con:
            con.execute(f"CREATE TABLE t AS SELECT {break_core} FROM '{run.core('dan_cu')}'")
            con.execute(f"COPY t TO '{run.core('dan_cu')}' (FORMAT parquet)")
    check_register(settings, "r1", "dan_cu", AS_OF)
    with duckdb.connect() as con:
        rows = con.execute(
            f"SELECT rule_id, status, error FROM '{run.checked('dan_cu', 'rule_results')}' ORDER BY 1"
        ).fetchall()
    return {rule: (status, error) for rule, status, error in rows}


def test_every_fault_has_a_status_of_its_own_and_spares_the_others(tmp_path):
    got = statuses(
        tmp_path,
        [{"ho_ten": "A", "ngay_sinh": date(2000, 1, 1), "dan_toc": "Kinh"}],
        "* EXCLUDE (dan_toc) REPLACE (CAST(ngay_sinh AS VARCHAR) AS ngay_sinh)",
    )
    assert got["S1"] == ("ok", None)
    assert got["S3"] == ("not_applicable", None)
    assert got["S4"][0] == got["S5"][0] == got["S2"][0] == got["S6"][0] == "engine_error"
    assert "dan_toc of dan_cu is missing, must be VARCHAR" in got["S4"][1]
    assert "ten_lot" in got["S5"][1]
    assert "ngay_sinh of dan_cu is VARCHAR, must be DATE" in got["S6"][1]


def test_a_column_without_any_value_is_undecided_not_passed(tmp_path):
    got = statuses(tmp_path, [{"ho_ten": "A", "ngay_sinh": date(2000, 1, 1)}])
    assert got["S2"] == ("undecided", None)
    assert got["S6"] == ("ok", None)


def test_an_era_without_any_date_is_undecided(tmp_path):
    rule = entry(era={"by": "ngay_cap_nhat", "from": date(2015, 1, 1)})
    settings = make_run(tmp_path, make_expectations(tmp_path, dan_cu__du=[rule]), {"dan_cu": [{"ho_ten": "A"}]})
    check_register(settings, "r1", "dan_cu", AS_OF)
    with duckdb.connect() as con:
        path = Lake(settings.home).run("r1").checked("dan_cu", "rule_results")
        assert con.execute(f"SELECT status, n_not_applicable FROM '{path}'").fetchall() == [("undecided", 1)]


def test_an_empty_register_decides_nothing(tmp_path):
    got = statuses(tmp_path, [])
    assert {status for rule, (status, _) in got.items() if rule != "S5"} == {"not_applicable"}
    assert got["S5"][0] == "engine_error"


def test_groups_table_is_left_for_the_caller(tmp_path):
    expectations = make_expectations(tmp_path, lien_thong__song=[entry(**FIGURE)])
    catalogue = load_catalogue(expectations)
    with connect(Settings(home=tmp_path, expectations=expectations)) as con:
        CaseRunner(con, catalogue, expectations)
        fill(con, "dan_cu", [{"gioi_tinh": "Nam", "ngay_cap_nhat": date(2024, 1, 1)}] * 1)
        FusedPass(con, catalogue.registers["dan_cu"], catalogue.rules, AS_OF).run()
        assert con.execute(f"SELECT record_id, verdict, measures FROM {GROUPS_TABLE}").fetchall() == [
            ("don_vi:16690|2024", 3, '{"so_nguoi":1,"so_nam":1}')
        ]
