"""How far the cells of a delivery are what their fields hold, told from a bounded sample.

Holds the engine for judging and the test of each type. What follows from a share is in ``drift``.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from sosach.duck import identifier, literal
from sosach.normalize.macros import register_code_lists
from sosach.normalize.normalisers import register_code_keys, register_normalisers
from sosach.normalize.text import register_text
from sosach.registers import Register, RegisterField

SAMPLE_ROWS = 2_000
# From how many row groups, evenly spread over the file, the sample is taken.
SAMPLE_GROUPS = 4
MIN_CELLS = 20

# SQL of whether a present text t, with d the date that it reads as, is what the type promises. Only what is plainly
# something else fails: dirt has to pass, for it is mended or found by the rules later.
_UNDERSTOOD = {
    "date": "d IS NOT NULL",
    "partial_date": "nz_precision(t, d) IS NOT NULL",
    "integer": "nz_integer(t) IS NOT NULL",
    "entry_number": "nz_entry_place(t) IS NOT NULL",
    "unit_code": "regexp_full_match(nz_unit_code(t), '[0-9]{2,5}')",
    "id_number": "regexp_matches(t, '[0-9][- .]?[0-9].*[0-9].*[0-9].*[0-9].*[0-9]') AND d IS NULL",
    "name": "NOT regexp_matches(t, '[0-9]')",
}


class JudgingEngine:
    """An engine with the normalisers, for judging deliveries; defining them takes longer than judging a small one.

    It sees at most a sample, or the distinct cells of one column, and never writes them to disk.
    """

    def __init__(self, expectations: Path, memory_limit: str) -> None:
        """Open the engine and define the normalisers with all code lists.

        Raises:
            SettingsError: a code list is not there.
        """
        self.con = duckdb.connect()
        self.con.execute("SET threads = 1")
        self.con.execute("SET memory_limit = ?", [memory_limit])
        self.con.execute("SET temp_directory = ''")
        register_code_lists(self.con, expectations)
        register_text(self.con)
        register_normalisers(self.con)
        self._lists: set[str] = set()

    def key_tables(self, register: Register) -> dict[str, str]:
        """Look-up table of each code list that the register needs, made when it is first asked for."""
        lists = sorted({field.code_list for field in register.fields if field.code_list})
        for name in lists:
            if name not in self._lists:
                register_code_keys(self.con, name)
                self._lists.add(name)
        return {name: f"nz_keys_{name}" for name in lists}


@lru_cache(maxsize=4)
def judging_engine(expectations: Path, memory_limit: str) -> JudgingEngine:
    """The engine of this process for these expectations, which are read once (as ``load_registers`` does)."""
    return JudgingEngine(expectations, memory_limit)


def share_understood(
    engine: JudgingEngine, register: Register, names: Mapping[str, str], raw: Path
) -> dict[str, float]:
    """The share of present cells that are understood, of every typed field with enough of them in the sample.

    Args:
        engine: the normalisers.
        register: the dictionary.
        names: field to its column in the raw file.
        raw: the delivery in the lake.
    """
    names = {field: name for field, name in names.items() if _test(register.field(field))}
    if not names:
        return {}
    sample = sample_of(raw, list(names.values()))
    if sample.num_rows < MIN_CELLS:
        return {}
    tests = " ".join(f"WHEN '{kind}' THEN {test}" for kind, test in _UNDERSTOOD.items())
    lists = "".join(
        f" UNION ALL SELECT {literal(name)}, key FROM {identifier(table)}"
        for name, table in engine.key_tables(register).items()
    )
    con = engine.con
    con.register("drift_cells", _long(register, names, sample))
    try:
        rows = con.execute(
            f"WITH keys AS (SELECT NULL AS list, NULL AS key WHERE false{lists}), "
            "counted AS (SELECT field, test, v, count(*) AS n FROM drift_cells WHERE v IS NOT NULL GROUP BY ALL), "
            "cleaned AS (SELECT field, test, nz_text(v) AS x, n FROM counted), "
            "present AS (SELECT field, test, nz_present(x) AS t, n FROM cleaned), "
            "read AS (SELECT *, CASE WHEN test IN ('date', 'partial_date', 'id_number') THEN nz_date(t) END AS d "
            "FROM present) "
            f"SELECT field, sum(n), sum(n) FILTER (CASE test {tests} ELSE k.key IS NOT NULL END) "
            "FROM read AS c LEFT JOIN keys AS k ON k.list = c.test AND k.key = nz_code_key(c.t) "
            "WHERE t IS NOT NULL GROUP BY field"
        ).fetchall()
    finally:
        con.unregister("drift_cells")
    return {field: (good or 0) / present for field, present, good in rows if present >= MIN_CELLS}


def _test(field: RegisterField) -> str:
    """How cells of a field are tested: the name of its type or of its code list; empty where they are not."""
    return field.code_list or (field.type if field.type in _UNDERSTOOD else "")


def _long(register: Register, names: Mapping[str, str], sample: pa.Table) -> pa.Table:
    """The sample as one row a cell: field, test, v. One query over all is cheaper to plan."""
    fields = [pa.array([field] * sample.num_rows, pa.string()) for field in names]
    tests = [pa.array([_test(register.field(field))] * sample.num_rows, pa.string()) for field in names]
    values = [chunk for name in names.values() for chunk in sample.column(name).chunks]
    return pa.table(
        {
            "field": pa.chunked_array(fields, pa.string()),
            "test": pa.chunked_array(tests, pa.string()),
            "v": pa.chunked_array(values, pa.string()),
        }
    )


def sample_of(raw: Path, names: Sequence[str]) -> pa.Table:
    """At most ``SAMPLE_ROWS`` rows: the first of some row groups, evenly spread over the file."""
    with pq.ParquetFile(raw) as file:
        groups = sorted({n * (file.num_row_groups - 1) // (SAMPLE_GROUPS - 1) for n in range(SAMPLE_GROUPS)})
        each = SAMPLE_ROWS // len(groups)
        batches = [
            batch
            for group in groups
            for batch in [next(file.iter_batches(batch_size=each, row_groups=[group], columns=list(names)), None)]
            if batch is not None
        ]
    return pa.Table.from_batches(batches)
