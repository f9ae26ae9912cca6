"""Text files read by the DuckDB engine: only those about whose cells every reader of CSV agrees.

The careful reader (``text_file``) finds the dialect; whatever is doubtful here is left to it as a whole.
"""

import re
from pathlib import Path

from sosach.duck import identifier, literal
from sosach.ingest.stray_rows import FEWEST, FOUR_DIGITS
from sosach.ingest.table import EngineTable, Part
from sosach.ingest.text_file import Dialect
from sosach.ingest.text_scan import MAX_RECORD, TextScan

PROVED_BY = 4
_FOUR_DIGITS = re.compile(FOUR_DIGITS)


def csv_table(path: Path, dialect: Dialect, scan: TextScan) -> EngineTable | None:
    """The file as a table of the engine, None where the careful reader has to read it.

    ``rows`` comes from the scan of the bytes; the engine refuses what is not UTF-8 or not as wide as the header. Rows
    that may be a header again are left out here, so that the count is wrong and the careful reader has to judge them.
    """
    above = dialect.skipped + 1
    if (
        not scan.plain
        or dialect.header.following != above + 1  # blank lines or line breaks in cells above the first record
        or dialect.width != len(dialect.header.cells)
        or scan.records == above
        or any(_FOUR_DIGITS.search(name) or name[:1].isdigit() for name in dialect.header.cells)
    ):
        return None
    columns = [str(position) for position in range(dialect.width)]
    kinds = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in columns)
    source = (
        f"read_csv({literal(path)}, auto_detect = false, header = false, skip = {above}, columns = {{{kinds}}}, "
        f"delim = {literal(dialect.delimiter)}, quote = '\"', escape = '\"', nullstr = '', strict_mode = true, "
        f"null_padding = false, max_line_size = {MAX_RECORD}, buffer_size = {2 * MAX_RECORD}) "
        f"WHERE coalesce({', '.join(map(identifier, columns))}) IS NOT NULL AND {_no_header(dialect)}"
    )
    rows = scan.records - above
    line = 0 if scan.blank or scan.inner_breaks else above + 1
    notes = {"rows_above_header": dialect.skipped} if dialect.skipped else {}
    cells = tuple(map(identifier, columns))
    return EngineTable(tuple(dialect.header.cells), cells, source, rows, (Part("", 1, line, rows),), notes)


def _no_header(dialect: Dialect) -> str:
    """SQL that is true unless a row may be a header: three cells and more, none with a date or a number.

    The first comparison decides nearly every row: a column where the first records begin with a digit does so here.
    """
    records = dialect.head[dialect.skipped + 1 :]
    columns = range(dialect.width)
    proofs = [i for i in columns if records and all(r.cells[i : i + 1] >= ["0"] and r.cells[i] < ":" for r in records)]
    cells = [identifier(str(i)) for i in columns]
    cheap = [f"{cells[i]} BETWEEN '0' AND ':'" for i in proofs[:PROVED_BY]]
    told = f"regexp_matches(concat_ws(chr(10), {', '.join(cells)}), {literal(FOUR_DIGITS)})"
    few = f"{' + '.join(f'({cell} IS NOT NULL)::INT' for cell in cells)} < {FEWEST}"
    return f"({' OR '.join([*cheap, told, few])})"
