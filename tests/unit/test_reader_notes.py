"""What readers noted, how headers were matched and what does not agree is logged and listed; no cell among it."""

from datetime import date

import pytest
import xlsxwriter

from sosach.ingest import ingest_register
from sosach.ingest.delivery_tables import delivery_lines
from sosach.ingest.reader_notes import note_words
from sosach.settings import Settings
from tests.unit.ingest_sample import FILE, HEADER, REGISTER, ROW, drop

DAY = date(2026, 10, 1)
LABEL = "Năm của các trường hợp trong dòng này"


def test_what_the_reader_did_is_logged_and_listed_without_cells(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    path = settings.deliveries / REGISTER / "16681.xlsx"
    path.parent.mkdir(parents=True)
    names = ["MA NOI DANG KY", "loai_so", LABEL, *HEADER.split(",")[3:-1], "la"]
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Bìa").write_row(0, 0, ["Kính gửi"])
        sheet = book.add_worksheet("Sổ")
        sheet.write_row(0, 0, ["DANH SÁCH MẬT"])
        sheet.write_row(1, 0, names)
        sheet.write_row(2, 0, [*ROW.split(",")[:-1], "riêng tư"])
        sheet.write_formula(2, 6, "=4+5", value=9)
    with caplog.at_level("INFO", "sosach.ingest"):
        assert ingest_register(settings, REGISTER, DAY).accepted == 1
    (warned,) = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert warned == (
        "so_ho_tich/16681.xlsx: worth a look: sheet “Bìa” not read, rows with content: 1; "
        "cells with a formula, read as their last result: 1"
    )
    told = f"title rows above the header: 1; ma_noi_dang_ky ← “MA NOI DANG KY” (lenient); nam_mo_so ← “{LABEL}” (label)"
    assert f"so_ho_tich/16681.xlsx: {told}" in [r.getMessage() for r in caplog.records if r.levelname == "INFO"]
    _, line, *details = delivery_lines(settings, None, "", "")
    assert "so_ho_tich/16681.xlsx" in line
    assert details == [
        "    note: sheet “Bìa” not read, rows with content: 1",
        "    note: cells with a formula, read as their last result: 1",
        "    note: title rows above the header: 1",
        f"    headers: ma_noi_dang_ky ← “MA NOI DANG KY” (lenient); nam_mo_so ← “{LABEL}” (label)",
        "    optional columns missing: ngay_khoa_so",
        "    columns not used: la",
    ]
    assert list(delivery_lines(settings, None, "", "held"))[1:] == [], "details only of deliveries that are listed"


def test_a_note_without_words_is_told_as_it_is() -> None:
    notes = {"new_trouble:Sổ": 1234, "sheet_hidden:A:B": 2}
    assert note_words(notes, usual=False) == ["new_trouble:Sổ: 1,234", "hidden sheet “A:B” read, rows: 2"]
    assert note_words(notes, usual=True) == []


def test_rows_of_another_unit_than_the_path_says_are_told(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    drop(settings, "17329/a.csv", FILE)
    ingest_register(settings, REGISTER, DAY)
    (told,) = [line for line in delivery_lines(settings, None, "", "") if "finding:" in line]
    assert "đường dẫn ghi đơn vị 17329, nhưng 1 trong 1 dòng ghi 16681" in told
    assert [r.levelname for r in caplog.records if "nhưng 1 trong 1 dòng" in r.getMessage()] == ["WARNING"]
