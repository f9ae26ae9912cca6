"""The workbook of one reviewer of a drawn sample: the sheet of pairs without weights, reasons and decisions.

Holds its titles and its page of guidance. Which pairs stand in it, and in which order, is in ``link.review``.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from sosach.report.vn import ngay, so
from sosach.report.workbook_book import Book, open_book
from sosach.report.workbook_pairs import PAIR_SHEET, PairLine, write_pairs

REVIEW_FORMAT = "1"  # raised when a reader of returned workbooks has to know the difference
GUIDANCE = (
    "Mỗi cặp là hai dòng, mỗi dòng một bản ghi. Trả lời một câu: hai bản ghi này có phải của cùng một người không?",
    "Chọn ở cột Kết luận: “Cùng một người”, “Hai người khác nhau” hoặc “Không xác định được”. Lý do ghi ở cột Ghi chú.",
    "Ô chữ đỏ là chỗ hai bản ghi ghi khác nhau. Dấu – là bản ghi không có thông tin đó. Số giấy tờ đã che bớt.",
    "Làm lần lượt từ trên xuống; làm được đến đâu gửi đến đó. Cặp chưa xem thì để trống.",
    "Tự mình kết luận. Không trao đổi với người xem kia, không hỏi máy đã kết luận thế nào: so hai người mới biết "
    "máy đúng đến đâu.",
    "Không sửa, không thêm, không chép dòng; chỉ ghi vào hai cột nền vàng. Dòng bị sửa thì cả tệp không đọc được.",
    "Tệp có dữ liệu cá nhân: chỉ lưu trên máy của cơ quan, không gửi qua thư điện tử, Zalo; xong việc thì hủy bản in.",
)
"""What a reviewer is told."""


def write_review(
    lines: Sequence[PairLine], reviewer: str, mark: Mapping[str, str], as_of: date, run_id: str, target: Path
) -> None:
    """Write one reviewer's workbook to ``target`` (.xlsx); the same lines give the same bytes.

    Args:
        lines: the pairs, masked, in this reviewer's order; at least one.
        reviewer: the letter that tells the workbooks of a draw apart.
        mark: what the hidden sheet says of the file, beside the format and the number of pairs.
        as_of: the day of the data.
        run_id: the run.
        target: file to write; replaced if it exists, its folder must exist.
    """
    title = f"XEM XÉT CẶP BẢN GHI – NGƯỜI XEM {reviewer}"
    with open_book(target, title, as_of, f"Người xem {reviewer}", run_id) as book:
        sheet = book.sheet(PAIR_SHEET, landscape=True)
        book.text(sheet, 0, 0, title, "title")
        book.text(sheet, 1, 0, f"Số cặp: {so(len(lines))}", "unit")
        book.text(sheet, 2, 0, f"Số liệu đến ngày {ngay(as_of)}  ·  Mã lần chạy: {run_id}", "plain")
        write_pairs(book, sheet, lines, " Làm lần lượt từ trên xuống.")
        _write_guidance(book)
        book.mark({"format_version": REVIEW_FORMAT, **mark, "pairs": str(len(lines))})
        sheet.activate()


def _write_guidance(book: Book) -> None:
    sheet = book.sheet("Hướng dẫn")
    sheet.set_column(0, 0, 5)
    sheet.set_column(1, 1, 88)
    book.text(sheet, 0, 0, "HƯỚNG DẪN XEM XÉT", "title")
    for number, sentence in enumerate(GUIDANCE, start=1):
        book.text(sheet, 1 + number, 0, f"{number}.", "prose")
        book.text(sheet, 1 + number, 1, sentence, "prose")
