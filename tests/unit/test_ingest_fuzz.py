"""Whatever bytes arrive: a delivery is taken in with every row counted, or refused with a reason; nothing else.

``SOSACH_FUZZ=<n>`` sets the number of examples of each test; without it they are few.
"""

import csv
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sosach import duck
from sosach.errors import BalanceError, DeliveryError
from sosach.ingest.columns import HeaderIndex
from sosach.ingest.csv_engine import csv_table
from sosach.ingest.delivered import Deliveries, Refused, Taken
from sosach.ingest.inbox import Found, copy_stable
from sosach.ingest.raw import write_raw
from sosach.ingest.text_file import find_dialect, read_text_file
from sosach.registers import Register
from sosach.settings import PROJECT, Settings
from tests.unit.ingest_sample import to_windows_1258

EXAMPLES = int(os.environ.get("SOSACH_FUZZ", "0"))
FIELDS = [{"name": name, "type": "text", "required": True, "meaning": name} for name in ("aa", "bb", "cc")]
TINY = Register.model_validate(
    {"register": "so_nho", "code": "N", "title": "n", "kind": "danh_muc", "key": ["aa"], "unit": "aa", "fields": FIELDS}
)
NAMES = ("aa", "bb", "cc")
WORDS = ["Nguyễn Thị Hồng", "Đỗ", "1999", "01/02/1990", "NULL", "a b", "ừ", "xóm 3", '"x"', "#", "\\", "\\N", "'", "-"]


def fuzz(few: int) -> hypothesis_settings:
    """Hypothesis settings with ``few`` examples, or as many as SOSACH_FUZZ says."""
    return hypothesis_settings(
        max_examples=EXAMPLES or few,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink] if EXAMPLES else [Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


class Reader:
    """A register of three fields, an engine and a folder, for thousands of deliveries in turn."""

    def __init__(self, folder: Path, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.file = folder / "tep.csv"
        self.work = folder / "work"
        self.work.mkdir()
        self.raw = folder / "raw.parquet"
        self.copy = folder / "copy"
        self.settings = Settings(
            home=folder / "home", deliveries=folder, expectations=PROJECT / "expectations", max_file_bytes=1 << 24
        )

    def take(self, content: bytes, name: str) -> list[Taken | Refused]:
        """What becomes of a file; whatever was written is read again and its rows counted."""
        self.file.write_bytes(content)
        outcomes = Deliveries(self.settings, TINY, {}, self.con, self.work).take(Found(self.file, name))
        assert not list(self.work.iterdir())
        for outcome in outcomes:
            if isinstance(outcome, Refused):
                assert outcome.reason
                continue
            assert outcome.written
            raw = self.settings.home / "lake" / "raw" / "so_nho" / f"{outcome.sha256[:16]}.parquet"
            (rows,) = duckdb.sql(f"SELECT count(*), max(_row), count(DISTINCT _row) FROM '{raw}'").fetchall()
            assert rows == (outcome.written.rows,) * 3
            assert sum(part.rows for part in outcome.written.parts) == outcome.written.rows
            raw.unlink(missing_ok=True)
        return outcomes


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """One reader for all examples of this file."""
    folder = tmp_path_factory.mktemp("fuzz")
    with duck.connect(Settings(home=folder / "home")) as con:
        con.execute("SET threads = 1")
        con.execute("SET TimeZone = 'UTC'")
        yield Reader(folder, con)


# Pieces of which a text is made that is a CSV file now and then: cells right and wrong, and what stands between them.
pieces = st.sampled_from(
    [
        *WORDS,
        '"',
        '""',
        '"a,b"',
        '"a\nb"',
        '"a\r\nb"',
        ' "a"',
        '"a" ',
        '"a""b"',
        '""""',
        " ",
        "\t",
        "\r",
        "\x1a",
        "\x0b",
    ]
) | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=4)
cells = st.lists(pieces, max_size=2).map("".join)


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """A text file with a right header, most of whose rows have three cells."""
    delimiter = draw(st.sampled_from(",;\t|"))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    lines = draw(st.lists(st.just(""), max_size=1)) + draw(st.lists(cells, max_size=2)) * draw(st.integers(0, 1))
    lines.append(delimiter.join(NAMES) + draw(st.sampled_from(["", "", "", delimiter])))
    tidy = draw(st.booleans())
    for row in draw(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=5)):
        if tidy:
            out = io.StringIO()
            csv.writer(out, delimiter=delimiter, lineterminator="").writerow(row)
            lines.append(out.getvalue())
        else:
            lines.append(delimiter.join(row) + draw(st.sampled_from(["", "", "", "", delimiter, "\r", end])))
    return (end.join(lines) + draw(st.sampled_from([end, end, "", end * 2]))).encode()


def _rows(reader: Reader) -> list[tuple[str | None, ...]]:
    return duckdb.sql(f"SELECT * EXCLUDE (_delivery) FROM '{reader.raw}' ORDER BY _row").fetchall()


@fuzz(120)
@given(content=texts())
@example(b'aa,bb,cc\n1, "x",3\n')
@example(b'aa,bb,cc\n1,"x" ,3\n')
@example(b'aa,bb,cc\n1,2,"x" ')
@example(b'aa,bb,cc\r\n1,"x\r\ny\n","z"""\r\n')
@example(b'aa,bb,cc\n1,x"y\n3"4,5,6\n7,8,9\n')
@example(b"aa,bb,cc,\n1,2,3,\n4,5,6\n")
@example(b"\xef\xbb\xbfaa,bb,cc\n\xef\xbb\xbf1,NULL,#\n\\,\\N,")
def test_the_engine_reads_what_the_careful_reader_reads(reader: Reader, content: bytes) -> None:
    reader.file.write_bytes(content)
    index = HeaderIndex(TINY)
    copy = copy_stable(reader.file, reader.copy, 1 << 24)
    assert copy.scan
    if not copy.scan.plain:
        return
    try:
        dialect = find_dialect(copy.path, "utf-8-sig", index)
    except DeliveryError:
        return
    table = csv_table(copy.path, dialect, copy.scan)
    if table is None:
        return
    names = tuple(f"c{i}" for i in range(len(table.header)))
    try:
        written = write_raw(reader.con, table, names, reader.raw, "x")
    except (DeliveryError, BalanceError):
        return
    fast = _rows(reader)
    with read_text_file(copy.path, dialect) as careful:
        again = write_raw(reader.con, careful, names, reader.raw, "x")
    assert fast == _rows(reader)
    (told,) = written.parts
    assert told.line == 0 or list(again.parts) == [told], "the line of every record is the same"


def _parquet(**options: object) -> bytes:
    out = io.BytesIO()
    table = pa.table(
        {
            "aa": [f"{i}" for i in range(40)],
            "bb": pa.array([i * 1.5 for i in range(40)]),
            "cc": pa.array(WORDS[:10] * 4).dictionary_encode(),
        }
    )
    pq.write_table(table, out, row_group_size=16, **options)
    return out.getvalue()


def _zip(method: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as container:
        container.writestr("a.csv", GOOD.encode())
        container.writestr("b/b.csv", GOOD.replace("1999", "2000").encode("utf-16"))
    return out.getvalue()


GOOD = "aa,bb,cc\n" + "".join(f'{i},"Nguyễn Thị ""Hồng"", xã {i}",{WORDS[i % 8]}\n' for i in range(12))
SEEDS = {
    "utf-8": GOOD.encode(),
    "utf-8 with mark": GOOD.encode("utf-8-sig"),
    "utf-16": GOOD.encode("utf-16"),
    "utf-16 without mark": GOOD.encode("utf-16-be"),
    "windows-1258": to_windows_1258(GOOD),
    "tabs": GOOD.replace(",", "\t").replace("\n", "\r\n").encode(),
    "parquet": _parquet(),
    "parquet zstd": _parquet(compression="zstd", use_dictionary=False, data_page_version="2.0"),
    "parquet plain": _parquet(compression="none", use_dictionary=False),
    "zip": _zip(zipfile.ZIP_DEFLATED),
    "zip stored": _zip(zipfile.ZIP_STORED),
}
changes = st.lists(
    st.tuples(
        st.sampled_from(["set", "insert", "delete", "cut", "repeat", "flip"]),
        st.floats(0, 1, exclude_max=True),
        st.binary(min_size=1, max_size=4)
        | st.sampled_from([b"\0", b'"', b"\r", b"\n", b",", b"\xff\xff\xff\x7f", b"\x1a"]),
    ),
    min_size=1,
    max_size=6,
)


def _changed(content: bytes, change: tuple[str, float, bytes]) -> bytes:
    how, where, what = change
    at = int(where * len(content))
    match how:
        case "set":
            return content[:at] + what + content[at + len(what) :]
        case "insert":
            return content[:at] + what + content[at:]
        case "delete":
            return content[:at] + content[at + len(what) * 3 :]
        case "cut":
            return content[:at]
        case "repeat":
            return content[:at] + content[max(0, at - 20 * len(what)) : at] + content[at:]
        case _:
            return content[:at] + bytes([content[at] ^ (1 << what[0] % 8)]) + content[at + 1 :] if content else content


@pytest.mark.parametrize("seed", SEEDS)
def test_the_seeds_are_taken(reader: Reader, seed: str) -> None:
    outcomes = reader.take(SEEDS[seed], "tep.csv")
    assert all(isinstance(outcome, Taken) for outcome in outcomes)
    assert sum(o.written.rows for o in outcomes if isinstance(o, Taken) and o.written) in (12, 24, 40)


@fuzz(100)
@given(seed=st.sampled_from(sorted(SEEDS)), steps=changes)
def test_a_damaged_file_is_taken_whole_or_refused(
    reader: Reader, seed: str, steps: list[tuple[str, float, bytes]]
) -> None:
    content = SEEDS[seed]
    for step in steps:
        content = _changed(content, step)
    assert reader.take(content, "tep.csv")


@fuzz(60)
@given(
    start=st.sampled_from(
        [b"", b"aa,bb,cc\n", b"aa;bb;cc\n", b"PK\x03\x04", b"PK\x05\x06", b"PAR1", b"\xff\xfe", b"\xef\xbb\xbf"]
    ),
    content=st.binary(max_size=200),
    end=st.sampled_from([b"", b"\n", b"PAR1", b"PK\x05\x06" + b"\0" * 18]),
)
def test_any_bytes_are_taken_whole_or_refused(reader: Reader, start: bytes, content: bytes, end: bytes) -> None:
    assert reader.take(start + content + end, "tep.txt")


@fuzz(50)
@given(
    rows=st.lists(st.tuples(cells, cells, cells).filter(any), min_size=1, max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
)
def test_every_row_and_cell_of_a_written_file_arrives(
    reader: Reader, rows: list[tuple[str, ...]], delimiter: str, quoting: int, end: str, encoding: str
) -> None:
    if {"\r", "\n"} & set("".join(cell for row in rows for cell in row)):
        quoting = csv.QUOTE_ALL  # the writer quotes only its own line end, yet each kind ends a line
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows([NAMES, *rows])
    reader.file.write_bytes(out.getvalue().encode(encoding))
    copy = copy_stable(reader.file, reader.copy, 1 << 24)
    deliveries = Deliveries(reader.settings, TINY, {}, reader.con, reader.work)
    match, written = deliveries._write_text(reader.con, copy, reader.raw)
    assert (match.names, written.rows) == (NAMES, len(rows))
    assert [tuple(cell or "" for cell in row[:3]) for row in _rows(reader)] == rows
