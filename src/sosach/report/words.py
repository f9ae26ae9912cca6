"""The Vietnamese words for the codes that results carry.

Holds names of the four words, outcomes, severities, answers, certainties of law and states of rules, and the headings
of the campaign table. Holds no number and no layout.
"""

OUTCOMES = {
    "matching": "Khớp đúng",
    "missing": "Thiếu thông tin",
    "differing": "Sai lệch",
    "duplicate": "Trùng",
    "to_verify": "Chờ xác minh",
}

DIMENSIONS = {
    "dung": ("Đúng", "Đúng với sổ gốc, đúng luật, khớp giữa các sổ"),
    "du": ("Đủ", "Đủ người, đủ việc và đủ thông tin bắt buộc"),
    "sach": ("Sạch", "Không trùng, đúng khuôn dạng, không có giá trị rác"),
    "song": ("Sống", "Được cập nhật kịp thời khi đời sống thay đổi"),
}

SEVERITIES = {"critical": "Nghiêm trọng", "warning": "Phải xử lý", "info": "Cần kiểm tra"}

ANSWERS = {
    "fix": "Phải sửa tại nguồn",
    "fix_or_explain": "Sửa hoặc giải trình",
    "auto": "Hệ thống tự chuẩn hóa",
}

CERTAINTIES = {
    "published": "có văn bản công bố",
    "logic": "suy ra từ chính dữ liệu",
    "known": "quy định đã biết rõ, chưa dò lại số điều",
    "likely": "nhiều khả năng đúng, cần dò lại văn bản",
    "doubtful": "chưa chắc, phải dò văn bản trước khi dùng làm căn cứ",
    "own": "phép kiểm tra của dự án, không phải quy định của luật",
}
"""How sure we are of the law that a rule names."""

RULE_STATES = {
    "ok": "Đạt",
    "failed": "Chưa đạt",
    "undecided": "Chưa kết luận được",
    "not_applicable": "Không có bản ghi thuộc diện",
    "engine_error": "Lỗi máy",
}
"""What became of a rule in a run."""

TRIAL = "Thử nghiệm, không tính"

RESULT_CODES = (
    "Đã khớp",
    "Đã bổ sung",
    "Đã chỉnh sửa",
    "Đã chuyển nơi khác",
    "Chờ tòa án",
    "Đã chết",
    "Đi khỏi địa phương",
    "Không xác minh được",
    "Kết hôn thực tế không đăng ký",
)

REASON_ACTIONS = {
    "so_dinh_danh": "Công an cấp xã: cấp, hủy hoặc sửa số định danh",
    "chua_khop": "UBND cấp xã và Công an cấp xã: xử lý các dòng của danh sách rà soát",
    "du_lieu_cu": "Công an cấp xã: đồng bộ lại dữ liệu dân cư",
    "co_nghi_van": "UBND cấp xã: đối chiếu sổ gốc, kết luận từng trường hợp",
    "thieu_mat_xich": "UBND cấp xã, tòa án: bổ sung ngày, số hoặc bản ghi còn thiếu",
    "chua_ro_nguoi": "UBND cấp xã: trả lời các cặp chờ xác minh trong danh sách rà soát",
    "vo_chong_khong_ro": "Công an cấp xã: lập hồ sơ dân cư của vợ (chồng) hoặc ghi nhận đã chết, đã đi nơi khác",
    "vo_chong_khac_so": "Công an cấp xã: ghi đúng số định danh vợ (chồng)",
    "vo_chong_chua_khop": "Công an cấp xã: cập nhật bản ghi của vợ (chồng)",
    "nguoi_khac_khai": "Công an cấp xã: hỏi hai bên, tra sổ nơi đăng ký kết hôn",
    "ho_gia_dinh": "Công an cấp xã: kiểm tra quan hệ với chủ hộ, hỏi nơi đăng ký kết hôn",
    "co_con": "UBND cấp xã: hỏi cha mẹ đã đăng ký kết hôn ở đâu",
    "giay_xac_nhan": "UBND cấp xã: hỏi việc sử dụng giấy đã cấp",
    "tinh_khac": "Hỏi UBND cấp xã nơi đăng ký khai sinh (trả lời trong 03 ngày làm việc)",
    "vang_mat": "Hỏi UBND cấp xã nơi từng cư trú (trả lời trong 03 ngày làm việc)",
    "chua_ro_noi_cu_tru": "Công an cấp xã: bổ sung các thời kỳ thường trú",
    "chua_du_so": "UBND cấp xã, Sở Tư pháp: số hóa nốt sổ kết hôn còn thiếu",
}
"""Who removes what keeps a status from being confirmed, by code of ``reason``."""

CAMPAIGN_HEADINGS = (
    "STT",
    "Đơn vị (xã, phường)",
    "Tổng số phải rà soát",
    "Đã rà soát",
    "Tỷ lệ %",
    "Khớp đúng",
    "Thiếu thông tin",
    "Sai lệch",
    "Trùng",
    "Đã bổ sung",
    "Đã chỉnh sửa",
    "Chuyển nơi khác",
    "Chờ xác minh",
    "Tỷ lệ làm sạch %",
    "Xếp hạng",
    "Tăng/giảm",
    "Ghi chú",
)
"""Columns of the campaign table, in the order that the province's reports use (domain 4.4)."""

NO_COMMUNE = "TINH"
"""Code of the bucket of records that no commune answers for."""
