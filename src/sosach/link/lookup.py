"""One citizen's marital status on a day, with its proof, for the officer who asks by identity number.

Reads a finished run's tables only as far as they speak of this person, and notes the access before anything is handed
out. How a status follows from events is in ``status``, the sentences in ``proof``.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from sosach.duck import connect, literal
from sosach.errors import MissingArtefactError, SettingsError
from sosach.lake import Run
from sosach.link.proof import (
    AFTER_ANNULMENT,
    CHAIN_ENDS,
    EXCEPTION_WORDS,
    FLAG_WORDS,
    GAP_WORDS,
    RECORDED_WORDS,
    STATUS_WORDS,
    write_steps,
)
from sosach.link.status import stand_on
from sosach.manifest import read_manifest
from sosach.normalize.macros import register_code_lists, register_macros
from sosach.settings import Settings
from sosach.state import AccessRecord, StateStore

ACTION = "look_up_status"
TABLES = ("marital_status", "marital_events", "marital_findings", "persons", "coverage")
MISSING_YEARS_SHOWN = 6


@dataclass(frozen=True)
class Spell:
    """The marriage books of one commune of residence over the years that count: which years are not covered."""

    unit: str
    from_year: int
    to_year: int
    missing: tuple[int, ...]


@dataclass(frozen=True)
class Answer:
    """What data say of one citizen's marital status on a day. ``number`` is masked; nobody's full name is in it."""

    number: str
    on: date
    as_of: date
    derived: str
    since: date | None
    recorded: str | None
    class_code: str
    exception: str | None
    flags: tuple[str, ...]
    chain: tuple[str, ...]
    certificates: tuple[str, ...]
    gaps: tuple[str, ...]
    confirmable: bool
    reasons: tuple[str, ...]
    covers_day: bool
    books: tuple[Spell, ...]


def _checked(number: str) -> str:
    """The number without spaces.

    Raises:
        SettingsError: it is no identity number; says why and does not repeat it.
    """
    bare = "".join(number.split())
    if not (bare.isascii() and bare.isdigit()):
        raise SettingsError("Số định danh chỉ gồm 12 chữ số; số vừa nhập có ký tự khác. Nhập lại số trên thẻ căn cước.")
    if len(bare) == 9:
        raise SettingsError("Số vừa nhập có 9 chữ số là số CMND. Tra cứu bằng số định danh 12 chữ số.")
    if len(bare) != 12:
        raise SettingsError(
            f"Số định danh có 12 chữ số; số vừa nhập có {len(bare)} chữ số. Nhập lại số trên thẻ căn cước."
        )
    return bare


def _open(con: duckdb.DuckDBPyConnection, settings: Settings, run: Run) -> dict[str, str]:
    """Macros, code lists of units, and the run's tables as table functions by name."""
    register_macros(con)
    register_code_lists(con, settings.expectations, ("cl_don_vi", "cl_unit_now"))
    paths: dict[str, Path] = {name: run.table(name) for name in TABLES} | {
        name: run.core(name) for name in ("dan_cu", "cu_tru")
    }
    for path in paths.values():
        if not path.is_file():
            raise MissingArtefactError(f"{path}: chưa có. Chạy bước link của lượt chạy {run.run_id} trước.")
    return {name: f"read_parquet({literal(path)})" for name, path in paths.items()}


def _find(con: duckdb.DuckDBPyConnection, tables: dict[str, str], number: str) -> list[tuple[str, str, str]]:
    """``record_id, person_id, unit`` of the records that bear the number."""
    return [
        (str(record), str(person), str(unit))
        for record, person, unit in con.execute(
            f"SELECT record_id, person_id, unit FROM {tables['marital_status']} WHERE so_dinh_danh = ? ORDER BY 1",
            [number],
        ).fetchall()
    ]


def _books(
    con: duckdb.DuckDBPyConnection, tables: dict[str, str], number: str, since: date | None, on: date
) -> tuple[Spell, ...]:
    """Marriage books of the communes lived in, from the day that counts up to ``on``."""
    if since is None or since > on:
        return ()
    rows = con.execute(
        f"""
        WITH spells AS (
          SELECT unit, min(year(greatest(tu_ngay, $since))) AS from_year,
            max(year(least(coalesce(den_ngay, $on), $on))) AS to_year
          FROM {tables["cu_tru"]} WHERE so_dinh_danh = $number AND loai_cu_tru = 'thuong_tru' AND tu_ngay <= $on
            AND coalesce(den_ngay >= $since, true) GROUP BY unit),
        years AS (SELECT unit, from_year, to_year, unnest(range(from_year, to_year + 1))::INTEGER AS year FROM spells),
        state AS (
          SELECT y.unit, y.year, bool_and(coalesce(c.covered, false)) AS covered
          FROM years y JOIN cl_unit_now u ON u.unit = y.unit
          LEFT JOIN {tables["coverage"]} c ON c.ma_noi_dang_ky = u.code AND c.loai_so = 'KH' AND c.nam = y.year
          GROUP BY ALL)
        SELECT coalesce(any_value(n.type || '|' || n.name), '|' || s.unit), s.from_year, s.to_year,
          coalesce(list(t.year ORDER BY t.year) FILTER (NOT t.covered), [])
        FROM spells s JOIN state t USING (unit)
        LEFT JOIN (SELECT code, type, name FROM cl_don_vi WHERE valid_to IS NULL AND level = 'xa') n ON n.code = s.unit
        GROUP BY s.unit, s.from_year, s.to_year ORDER BY s.from_year, s.unit""",
        {"number": number, "since": since, "on": on},
    ).fetchall()
    kinds = {"phuong": "phường ", "xa": "xã "}
    return tuple(
        Spell(kinds.get(str(name).split("|")[0], "") + str(name).split("|")[1], int(a), int(b), tuple(missing))
        for name, a, b, missing in rows
    )


def look_up(settings: Settings, run_id: str, number: str, on: date, actor: str, purpose: str) -> Answer:
    """The marital status of the bearer of ``number`` at the end of ``on``, with its proof.

    A status that is confirmable on the run's date is so on an earlier day when it rests on the same marriage, or on
    none at all; every other day has to be verified. The access is logged before anything of the person is returned,
    also when the number is not found.

    Raises:
        SettingsError: the number is malformed, unknown, or borne by two persons; ``on`` lies after the run; no actor.
        MissingArtefactError: the run has not been linked.
    """
    if not actor.strip():
        raise SettingsError("Cho biết người tra cứu (--actor): mỗi lần tra cứu đều được ghi nhật ký.")
    bare = _checked(number)
    run, manifest = read_manifest(settings, run_id)
    if on > manifest.as_of:
        raise SettingsError(
            f"Dữ liệu của lượt chạy {run_id} chỉ đến {manifest.as_of:%d/%m/%Y}. "
            "Chọn ngày không muộn hơn, hoặc lượt chạy mới hơn."
        )
    with connect(settings) as con:
        tables = _open(con, settings, run)
        found = _find(con, tables, bare)
        with StateStore(settings.state_url) as store:
            units = sorted({unit for _, _, unit in found}) or ["TINH"]
            store.log_access(
                AccessRecord(
                    run_id, actor.strip(), ACTION, unit, purpose, sum(u == unit for *_, u in found), manifest.as_of
                )
                for unit in units
            )
        if not found:
            raise SettingsError(f"Lượt chạy {run_id} không có ai mang số định danh này trong dữ liệu dân cư của tỉnh.")
        if len({person for _, person, _ in found}) > 1:
            raise SettingsError(
                f"Số định danh này đang được ghi cho {len(found)} người khác nhau trong dân cư (ID10): "
                "chưa tra cứu được. Công an xã xác minh số định danh trước."
            )
        return _answer(con, tables, bare, found[-1][0], found[-1][1], on, manifest.as_of)


def _answer(
    con: duckdb.DuckDBPyConnection,
    tables: dict[str, str],
    number: str,
    record_id: str,
    person_id: str,
    on: date,
    as_of: date,
) -> Answer:
    con.execute(
        f"CREATE TEMP TABLE marital_events AS SELECT * FROM {tables['marital_events']} "
        f"WHERE person_id = {literal(person_id)}"
    )
    con.execute(
        f"CREATE TEMP TABLE persons AS SELECT * FROM {tables['persons']} "
        "WHERE person_id IN (SELECT spouse_person_id FROM marital_events)"
    )
    status = con.execute(
        f"SELECT mask_id(s.so_dinh_danh), s.recorded, s.class, s.exception, s.flags, s.confirmable, s.reasons, "
        "add_years(coalesce(d.ngay_sinh, make_date(d.ngay_sinh_nam, 12, 31)), "
        "CASE WHEN d.gioi_tinh = 'Nữ' THEN 18 ELSE 20 END) "
        f"FROM {tables['marital_status']} s JOIN {tables['dan_cu']} d ON d.record_id = s.record_id "
        f"WHERE s.record_id = {literal(record_id)} AND d.record_id = {literal(record_id)}"
    ).fetchone()
    assert status is not None
    masked, recorded, class_code, exception, flags, confirmable, reasons, marriageable = status
    days = " UNION ".join(
        f"SELECT {literal(person_id)} AS person_id, DATE '{day.isoformat()}' AS day" for day in (on, as_of)
    )
    stand_on(con, days)
    standing = {
        row[0]: row[1:]
        for row in con.execute("SELECT asked_on, derived, since, marriage_id, gaps FROM standing").fetchall()
    }
    never: tuple[str, date | None, str | None, list[str]] = ("CHUA_KET_HON", None, None, [])
    derived, since, _, gaps = now = standing.get(on, never)
    books = _books(con, tables, number, marriageable if derived == "CHUA_KET_HON" else since, on)
    # What the run proved for its own day holds for an earlier one of the same standing, begun the same day, if the
    # books that this day needs are there.
    same = on == as_of or (
        now[:3] == standing.get(as_of, never)[:3]
        and (derived == "DANG_CO_VO_CHONG" or not any(spell.missing for spell in books))
    )
    write_steps(con)
    rows = con.execute(
        "SELECT p.kind, p.sentence FROM proof_steps p JOIN marital_events e USING (person_id, seq) "
        f"WHERE coalesce(e.day_from, e.day_to) <= DATE '{on.isoformat()}' ORDER BY p.seq"
    ).fetchall()
    steps = [str(sentence) for kind, sentence in rows if kind != "xac_nhan"]
    return Answer(
        number=str(masked),
        on=on,
        as_of=as_of,
        derived=str(derived),
        since=since,
        recorded=recorded,
        class_code=str(class_code),
        exception=exception,
        flags=tuple(flags),
        chain=(*steps, AFTER_ANNULMENT if steps and derived == "CHUA_KET_HON" else CHAIN_ENDS[str(derived)]),
        certificates=tuple(str(s) for kind, s in rows if kind == "xac_nhan"),
        gaps=tuple(gaps),
        confirmable=bool(confirmable and same and not gaps),
        reasons=tuple(reasons),
        covers_day=bool(same),
        books=books,
    )


def lines_of(answer: Answer, class_title: str, reason_words: dict[str, str]) -> list[str]:
    """The answer as lines for the officer.

    Args:
        answer: what was found.
        class_title: title of its class.
        reason_words: words of the codes of ``reasons``.
    """
    since = f" từ {answer.since:%d/%m/%Y}" if answer.since else ""
    lines = [
        f"Số định danh {answer.number}, tính đến hết ngày {answer.on:%d/%m/%Y} (dữ liệu đến {answer.as_of:%d/%m/%Y})",
        f"Tình trạng hôn nhân theo sự kiện: {STATUS_WORDS[answer.derived]}{since}",
        "Chuỗi chứng cứ:",
        *(f"  {'→ ' if at else ''}{step}" for at, step in enumerate(answer.chain)),
    ]
    if answer.certificates:
        lines += ["Giấy đã cấp:", *(f"  - {text}" for text in answer.certificates)]
    if answer.gaps:
        lines += ["Mắt xích còn thiếu:", *(f"  - {GAP_WORDS[gap]}" for gap in answer.gaps)]
    said = RECORDED_WORDS.get(answer.recorded or "", answer.recorded or "để trống")
    lines.append(f"Dân cư ghi ({answer.as_of:%d/%m/%Y}): {said}")
    if answer.on == answer.as_of:
        lines.append(f"Nhóm {answer.class_code}: {class_title}")
        lines += [f"  - {FLAG_WORDS[flag]} ({flag})" for flag in answer.flags]
    if answer.exception and answer.on == answer.as_of:
        lines.append(f"Ngoại lệ: {EXCEPTION_WORDS[answer.exception]}")
    if answer.confirmable:
        lines.append("KHẲNG ĐỊNH ĐƯỢC bằng dữ liệu: không cần giấy xác nhận tình trạng hôn nhân")
    else:
        why = [reason_words[r] for r in answer.reasons if r != "du_can_cu"]
        if not answer.covers_day:
            why.append("chỉ xét cho ngày của lượt chạy; ngày này thuộc giai đoạn khác")
        why += [GAP_WORDS[gap] for gap in answer.gaps if not why]
        lines += ["CẦN XÁC MINH, vì:", *(f"  - {text}" for text in why)]
    lines.append("Sổ đăng ký kết hôn của các nơi đã thường trú, trong thời gian phải xét:")
    for spell in answer.books:
        shown = ", ".join(str(y) for y in spell.missing[:MISSING_YEARS_SHOWN])
        more = (
            f" và {len(spell.missing) - MISSING_YEARS_SHOWN} năm khác"
            if len(spell.missing) > MISSING_YEARS_SHOWN
            else ""
        )
        years = f"{spell.from_year}–{spell.to_year}" if spell.from_year < spell.to_year else f"{spell.to_year}"
        lines.append(f"  - {spell.unit} {years}: " + (f"chưa đủ sổ năm {shown}{more}" if spell.missing else "đủ sổ"))
    if not answer.books:
        lines.append("  - không rõ nơi thường trú")
    return lines
