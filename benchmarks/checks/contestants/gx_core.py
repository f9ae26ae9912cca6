"""Great Expectations with its own Expectations on DuckDB, result_format COMPLETE with keys.

Only its lack of a DuckDB dialect is mended, by the engine of our project. The registers are loaded into tables of
DuckDB first, which is faster for its dozens of queries than a view on Parquet.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
from great_expectations.data_context.types.base import ProgressBarsConfig

from benchmarks.checks import mix
from benchmarks.checks.contestants.by_hand import connected
from sosach.checks.gx_engine import Bridge, bridged

LIFTED = 10**9
CUT = 20
"""Keys a rule that Great Expectations lists when ``partial_unexpected_count`` is not given."""

_SPOUSE = (
    "SELECT m.record_key FROM {{batch}} m LEFT JOIN (SELECT DISTINCT so_dinh_danh FROM cong_dan) c "
    "ON c.so_dinh_danh = m.{column} WHERE m.{column} IS NOT NULL AND c.so_dinh_danh IS NULL"
)
_ACTIVE = f"SELECT {{0}} FROM hon_nhan WHERE trang_thai = '{mix.IN_FORCE}' GROUP BY 1 HAVING count(*) > 1"


@dataclass
class State:
    """What the validation gave: by rule the number of failing records and their keys, if any."""

    counts: dict[str, int] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)


def citizens() -> list[gxe.Expectation]:
    day = mix.AS_OF
    missing = {"ignore_row_if": "any_value_is_missing"}
    pair = {"or_equal": True, "ignore_row_if": "either_value_is_missing"}
    return [
        gxe.ExpectColumnValuesToNotBeNull(column="so_dinh_danh", meta={"rule": "R01"}),
        gxe.ExpectColumnValuesToMatchRegex(column="so_dinh_danh", regex=mix.PIN, meta={"rule": "R02"}),
        gxe.ExpectColumnValuesToBeUnique(column="so_dinh_danh", meta={"rule": "R03"}),
        gxe.ExpectColumnValuesToMatchRegex(column="so_cmnd", regex=mix.CMND, meta={"rule": "R04"}),
        gxe.ExpectColumnValuesToNotBeNull(column="ho_ten", meta={"rule": "R05"}),
        # The operator ~ of DuckDB matches the whole value.
        gxe.ExpectColumnValuesToNotMatchRegex(column="ho_ten", regex=f".*{mix.NAME_BAD}.*", meta={"rule": "R06"}),
        gxe.ExpectColumnValueLengthsToBeBetween(column="ho_ten", min_value=3, max_value=60, meta={"rule": "R07"}),
        gxe.ExpectColumnValuesToNotBeNull(column="ngay_sinh", meta={"rule": "R08"}),
        gxe.ExpectColumnValuesToBeBetween(
            column="ngay_sinh", min_value=day.replace(1900, 1, 1), max_value=day, meta={"rule": "R09"}
        ),
        gxe.ExpectColumnValuesToBeInSet(column="gioi_tinh", value_set=list(mix.SEXES), meta={"rule": "R10"}),
        gxe.ExpectColumnValuesToBeInSet(column="dan_toc", value_set=list(mix.ETHNIC), meta={"rule": "R11"}),
        gxe.ExpectColumnValuesToBeInSet(
            column="tinh_trang_hon_nhan", value_set=list(mix.MARITAL), meta={"rule": "R12"}
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="ngay_dang_ky", column_B="ngay_sinh", **pair, meta={"rule": "R13"}
        ),
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["ho_ten", "ngay_sinh", "dia_chi"], **missing, meta={"rule": "R14"}
        ),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                # A brace of the regex is doubled, because the query is a template.
                "SELECT record_key FROM {batch} WHERE regexp_full_match(so_dinh_danh, '[0-9]{{12}}') "
                "AND gioi_tinh IN ('Nam', 'Nữ') AND year(ngay_sinh) BETWEEN 1900 AND 2099 "
                "AND CAST(substr(so_dinh_danh, 4, 3) AS INTEGER) <> (2 * (year(ngay_sinh) // 100 - 19) "
                "+ CASE gioi_tinh WHEN 'Nữ' THEN 1 ELSE 0 END) * 100 + year(ngay_sinh) % 100"
            ),
            meta={"rule": "R15"},
        ),
        gxe.ExpectColumnMaxToBeBetween(
            column="ngay_cap_nhat", min_value=day.replace(day=day.day - 7), meta={"rule": "R16"}
        ),
    ]


def marriages() -> list[gxe.Expectation]:
    return [
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=_SPOUSE.format(column="chong_so_dinh_danh"), meta={"rule": "R17"}
        ),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=_SPOUSE.format(column="vo_so_dinh_danh"), meta={"rule": "R18"}
        ),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                f"SELECT record_key FROM {{batch}} WHERE trang_thai = '{mix.IN_FORCE}' AND (chong_so_dinh_danh IN "
                f"({_ACTIVE.format('chong_so_dinh_danh')}) OR vo_so_dinh_danh IN ({_ACTIVE.format('vo_so_dinh_danh')}))"
            ),
            meta={"rule": "R19"},
        ),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                "SELECT m.record_key FROM {batch} m "
                "LEFT JOIN (SELECT so_dinh_danh, max(ngay_sinh) AS birth FROM cong_dan GROUP BY 1) h "
                "ON h.so_dinh_danh = m.chong_so_dinh_danh "
                "LEFT JOIN (SELECT so_dinh_danh, max(ngay_sinh) AS birth FROM cong_dan GROUP BY 1) w "
                "ON w.so_dinh_danh = m.vo_so_dinh_danh "
                "WHERE m.ngay_dang_ky < h.birth + INTERVAL 20 YEAR OR m.ngay_dang_ky < w.birth + INTERVAL 18 YEAR"
            ),
            meta={"rule": "R20"},
        ),
    ]


def validate(core: Path, partial_unexpected_count: int, form: str = "COMPLETE") -> State:
    """Run both suites in one ephemeral context."""
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    with connected(core) as con:
        for name, columns in ((mix.CITIZENS, mix.CITIZEN_COLUMNS), (mix.MARRIAGES, mix.MARRIAGE_COLUMNS)):
            con.execute(f"DROP VIEW {name}")
            con.execute(
                f"CREATE TABLE {name} AS SELECT {', '.join(columns)} FROM read_parquet('{core / name}.parquet')"
            )
        with bridged(Bridge(con, dict)):
            return _validate(partial_unexpected_count, form)


def _validate(partial_unexpected_count: int, form: str) -> State:
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sosach_duckdb(name="duckdb", connection_string="duckdb:///:memory:")
    definitions = []
    for name, expectations in ((mix.CITIZENS, citizens()), (mix.MARRIAGES, marriages())):
        batch = source.add_table_asset(name=name, table_name=name).add_batch_definition_whole_table(name)
        suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=expectations))
        definitions.append(
            context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batch, suite=suite))
        )
    form_of_result: dict[str, Any] = {"result_format": form, "partial_unexpected_count": partial_unexpected_count}
    if form != "BASIC":
        form_of_result |= {"unexpected_index_column_names": ["record_key"], "return_unexpected_index_query": False}
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name="all", validation_definitions=definitions, result_format=form_of_result)
    )
    state = State()
    for result in checkpoint.run().run_results.values():
        for line in result.results:
            _take(line, state)
    return state


def _take(line: Any, state: State) -> None:
    """The count of one rule, and the keys of its records as far as they were given.

    Raises:
        RuntimeError: the rule could not run.
    """
    rule = line.expectation_config.meta["rule"]
    if any(info and info.get("raised_exception") for info in (line.exception_info, *_nested(line.exception_info))):
        raise RuntimeError(f"{rule}: {line.exception_info}")
    result = line.result
    details = result.get("details") or {}
    if rule == "R16":
        state.counts[rule] = 0 if line.success else 1
    elif "unexpected_count" in result:
        state.counts[rule] = result["unexpected_count"]
    else:
        state.counts[rule] = int(result["observed_value"])
    rows = result.get("unexpected_index_list") or details.get("unexpected_rows") or []
    state.keys[rule] = [row["record_key"] for row in rows if "record_key" in row]


def _nested(info: Any) -> list[Any]:
    return [entry for entry in (info or {}).values() if isinstance(entry, dict)]


def run(core: Path, _out: Path) -> State:
    return validate(core, LIFTED)


def pairs(state: State, _out: Path) -> Iterator[tuple[str, str]]:
    yield from ((rule, key) for rule, keys in state.keys.items() for key in keys)


def counts(state: State) -> dict[str, int]:
    return state.counts
