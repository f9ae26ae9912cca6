"""The fixed Vietnamese wording of a commune's workbook: column headings and the page that says how to fill it in.

Holds texts and column widths only. Names of severities and results are in ``words``.
"""

HEADINGS: tuple[tuple[str, float], ...] = (
    ("STT", 4.5),
    ("Mã việc", 10),
    ("Mức độ", 10.5),
    ("Quy tắc", 13),
    ("Sổ", 8.5),
    ("Khóa bản ghi", 12),
    ("Họ tên", 12),
    ("Nội dung", 23),
    ("Đối chiếu", 21),
    ("Đề xuất", 16),
    ("Việc cần làm", 20),
    ("Ngày phát hiện", 10),
    ("Kết quả xử lý", 13),
    ("Ghi chú", 13),
    ("Người xử lý", 10),
    ("Ngày xử lý", 10),
)
"""Columns of the list with their widths in characters, so chosen that a landscape A4 page stays readable."""

GUIDANCE: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Cách ghi",
        (
            "Mỗi dòng là một việc. Làm các dòng “Nghiêm trọng” trước. Có thể lọc theo cột và kéo rộng cột, dòng.",
            "Chỉ ghi vào bốn cột nền vàng: Kết quả xử lý, Ghi chú, Người xử lý, Ngày xử lý. Các ô khác đã khóa.",
            "Kết quả xử lý: chọn trong danh sách của ô. Số quyển, số đăng ký, văn bản căn cứ thì ghi ở Ghi chú.",
            "Ngày xử lý: ghi ngày/tháng/năm, ví dụ 05/09/2025. Dòng chưa làm xong thì để trống cả bốn cột.",
            "Không thêm, xóa, đổi tên trang tính hoặc dòng; không sửa Mã việc. Hệ thống đọc lại kết quả theo Mã việc.",
        ),
    ),
    (
        "Trước khi kết luận",
        (
            "Không sửa dữ liệu chỉ dựa vào danh sách này: phải mở sổ gốc hoặc bản quét sổ để đối chiếu.",
            "Cột Đề xuất là gợi ý của máy, không phải căn cứ để sửa.",
            "Sổ nào sai thì sửa ở sổ đó: hộ tịch do công chức tư pháp – hộ tịch, dân cư do Công an cấp xã.",
            "Việc của xã khác hoặc Tòa án: gửi yêu cầu, chọn “Đã chuyển nơi khác” hoặc “Chờ tòa án”, ghi nơi nhận.",
        ),
    ),
    (
        "Giữ bí mật",
        (
            "Danh sách có dữ liệu cá nhân, chỉ dùng để rà soát. Không gửi qua thư điện tử, Zalo, mạng xã hội.",
            "Chỉ lưu trên máy tính của cơ quan. Bản in phải cất giữ và hủy khi xong việc.",
        ),
    ),
    (
        "Gửi lại",
        (
            "Lưu đúng định dạng Excel (.xlsx), không đổi tên tệp, và nộp lại theo đường đã nhận tệp này.",
            "Dòng đã sửa tại nguồn được kiểm tra lại ở lần chạy sau và tự đóng khi dữ liệu đã đúng.",
        ),
    ),
)
"""Sections with their sentences."""

QUESTIONS = "Có thắc mắc, hỏi {issuer} và cho biết Mã việc, mã lần chạy {run_id}."

PAIR_GUIDANCE: tuple[str, tuple[str, ...]] = (
    "Trang tính “Cặp cần xác minh”",
    (
        "Mỗi cặp là hai dòng, mỗi dòng một bản ghi. Trả lời một câu: hai bản ghi này có phải của cùng một người không?",
        "Ô chữ đỏ là chỗ hai bản ghi ghi khác nhau. Dấu – là bản ghi không có thông tin đó.",
        "Đối chiếu sổ gốc, tàng thư rồi chọn ở cột Kết luận. Chưa đủ căn cứ thì chọn “Không xác định được”.",
        "Kết luận “Cùng một người” không tự sửa bản ghi nào; chỗ sai vẫn sửa tại sổ có chỗ sai.",
    ),
)
"""The section that a workbook with pairs has beside."""

PAIR_INTRO = "Mỗi cặp hai dòng, hai bản ghi: có phải cùng một người không? Chữ đỏ: chỗ khác nhau. Ghi vào cột vàng."

PAIR_HEADINGS: tuple[tuple[str, str, float], ...] = (
    ("number", "STT", 4.5),
    ("pair_id", "Mã cặp", 8),
    ("likeness", "Mức giống", 8.5),
    ("source", "Bản ghi", 19),
    ("name", "Họ tên", 13),
    ("birth", "Ngày sinh", 9.5),
    ("sex", "Giới tính", 5.5),
    ("father", "Cha", 12),
    ("mother", "Mẹ", 12),
    ("spouse", "Vợ/chồng", 12),
    ("paper", "Giấy tờ", 14),
    ("place", "Nơi đăng ký, thường trú", 12),
    ("reason", "Vì sao nghi", 23),
    ("answer", "Kết luận", 12),
    ("note", "Ghi chú", 12),
    ("officer", "Người xử lý", 9),
    ("day", "Ngày xử lý", 10),
)
"""Columns of the sheet of pairs: what they hold, heading, width in characters."""
