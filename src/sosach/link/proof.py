"""The proof chain in Vietnamese: one sentence an event, and what is missing in it.

Holds words and the SQL that makes them. Which events there are is in ``events``, who may see them in ``lookup``.
"""

import duckdb

GAP_WORDS = {
    "hai_hon_nhan_mo": "có từ hai lần kết hôn chưa thấy căn cứ chấm dứt",
    "chet_truoc_ket_hon": "khai tử của vợ (chồng) ghi ngày chết trước ngày kết hôn: nối nhầm người hoặc sai ngày",
    "khai_tu_trai_dan_cu": "vợ (chồng) đã được khai tử nhưng dân cư vẫn ghi còn sống",
    "ban_an_truoc_ket_hon": "bản án có hiệu lực trước ngày kết hôn",
    "ghi_chu_khong_ro_lan": "sổ ghi chú ly hôn ở một lần đăng ký, lần đăng ký sau của hai người không ghi chú",
    "hieu_luc_truoc_ban_an": "ngày có hiệu lực trước ngày ra bản án",
    "ban_an_thieu_ngay": "bản án không ghi ngày",
    "thieu_ngay_hieu_luc": "chưa rõ ngày bản án có hiệu lực",
    "ghi_chu_thieu_ngay": "sổ ghi chú việc ly hôn, hủy kết hôn nhưng không rõ ngày và chưa thấy bản án",
    "chet_thieu_ngay": "khai tử của vợ (chồng) không rõ ngày chết",
    "chet_chi_co_nam": "khai tử của vợ (chồng) chỉ ghi năm chết",
    "ket_hon_thieu_ngay": "không rõ ngày xác lập quan hệ hôn nhân",
    "ket_hon_chi_co_nam": "chỉ biết năm đăng ký kết hôn",
    "thieu_dang_ky_ket_hon": "có bản án nhưng chưa thấy đăng ký kết hôn",
    "vo_chong_chua_noi": "chưa tìm được vợ (chồng) trong dân cư nên chưa biết còn sống hay đã chết",
}
"""Codes of ``status.GAPS`` in words."""

RECORDED_WORDS = {
    "CHUA_KET_HON": "chưa kết hôn",
    "DANG_CO_VO_CHONG": "đang có vợ, chồng",
    "LY_HON": "ly hôn",
    "GOA": "góa",
    "HUY_KET_HON": "hủy kết hôn",
    "CHUA_XAC_DINH": "chưa xác định",
}
"""The codes as a record or certificate states them."""

STATUS_WORDS = {
    "CHUA_KET_HON": "chưa thấy kết hôn",
    "DANG_CO_VO_CHONG": "đang có vợ, chồng",
    "LY_HON": "đã ly hôn",
    "GOA": "góa",
}
"""The codes as events give them: that somebody never married is never more than not having found it."""

EXCEPTION_WORDS = {
    "nhieu_vo_chong_truoc_luat": "các lần kết hôn đều trước 13/01/1960, khi luật chưa cấm nhiều vợ: có thể hợp pháp",
    "co_the_o_mien_nam": "lần kết hôn sau trước 25/03/1977: nếu ở miền Nam thì có thể hợp pháp, cần xác minh",
    "hon_nhan_thuc_te": "đủ tuổi kết hôn trước 03/01/1987: có thể là hôn nhân thực tế không đăng ký, không phải là lỗi",
}

FLAG_WORDS = {
    "G1": "có bản án nhưng không thấy đăng ký kết hôn",
    "G2": "bên kia trong sổ kết hôn không có số định danh và chưa nối được",
    "G3": "một cuộc hôn nhân có hai bản ghi đăng ký (nhập hai lần, hoặc đăng ký hai lần mà không ghi là đăng ký lại)",
    "H1": "họ tên hoặc năm sinh trong sổ, bản án khác dân cư",
    "H2": "nghi mượn tên của anh, chị, em để đăng ký kết hôn",
    "K1": "kết hôn lần sau khi chưa thấy ghi chú ly hôn ở nước ngoài",
}

METHOD_WORDS = {
    "pin": "nối theo số định danh",
    "cmnd": "nối theo số CMND",
    "exact_keys": "nối theo họ tên, ngày sinh, giới tính hoặc người thân",
    "probable": "nối theo nhiều dấu hiệu trùng nhau",
    "asker": "nối theo vợ, chồng đi khai tử",
    "unlinked": "nối theo người vợ, chồng",
}

CHAIN_ENDS = {
    "CHUA_KET_HON": "chưa thấy lần kết hôn nào trong các sổ đã số hóa",
    "DANG_CO_VO_CHONG": "chưa thấy bản án, ghi chú hoặc khai tử chấm dứt",
    "LY_HON": "chưa thấy lần kết hôn khác",
    "GOA": "chưa thấy lần kết hôn khác",
}
"""What closes a chain: what was looked for and not found."""

AFTER_ANNULMENT = "trở lại tình trạng chưa kết hôn; chưa thấy lần kết hôn khác"
"""What closes the chain of somebody whose only marriages were annulled."""


def words_sql(column: str, words: dict[str, str], other: str = "NULL") -> str:
    """SQL CASE that turns the codes of a column into their words; ``other`` is the SQL for any other code."""
    parts = " ".join(f"WHEN '{code}' THEN '{text}'" for code, text in words.items())
    return f"CASE {column} {parts} ELSE {other} END"


_UNIT_TYPES = {
    "xa": "xã",
    "phuong": "phường",
    "thi_tran": "thị trấn",
    "huyen": "huyện",
    "thi_xa": "thị xã",
    "thanh_pho": "thành phố",
}

# The unit's name is that of the day; a spouse is shown by initials.
_STEPS = f"""
CREATE OR REPLACE TEMP TABLE proof_steps AS
WITH named AS (
  SELECT code, valid_from, valid_to, {words_sql("type", _UNIT_TYPES, "''")} || ' ' || name AS name
  FROM cl_don_vi),
placed AS (
  SELECT e.person_id, e.seq, arg_max(n.name, (coalesce(e.registered, e.day_to) BETWEEN
      coalesce(n.valid_from, DATE '0001-01-01') AND coalesce(n.valid_to, DATE '9999-01-01'),
      n.valid_to IS NULL, coalesce(n.valid_from, DATE '0001-01-01'), n.name)) AS name
  FROM marital_events e JOIN named n ON n.code = e.place GROUP BY e.person_id, e.seq),
told AS (
  SELECT e.*,
    CASE WHEN e.day IS NOT NULL THEN 'ngày ' || vn_date(e.day) WHEN e.day_from IS NULL THEN 'không rõ ngày'
      WHEN year(e.day_from) = year(e.day_to) THEN 'năm ' || year(e.day_from)
      ELSE 'từ ' || vn_date(e.day_from) || ' đến ' || vn_date(e.day_to) END AS told_day,
    concat_ws(', ', 'số ' || e.number, 'quyển ' || e.book,
      'tại ' || coalesce(p.name, 'nơi có mã ' || e.place)) AS entry,
    CASE WHEN e.number LIKE '%/QĐ%' THEN 'Quyết định ' ELSE 'Bản án ' END || coalesce(e.number, 'không rõ số')
      AS judgment,
    CASE WHEN s.person_id IS NOT NULL THEN 'với ' || array_to_string(list_transform(
        string_split(trim(s.ho_ten), ' '), lambda x: left(x, 1) || '.'), '') || coalesce(' sinh ' || s.nam_sinh, '')
      WHEN e.spouse_person_id IS NOT NULL THEN 'với người chưa nối được với dân cư' END AS whom
  FROM marital_events e LEFT JOIN placed p USING (person_id, seq)
  LEFT JOIN persons s ON s.person_id = e.spouse_person_id)
SELECT person_id, seq, kind, marriage_id, gap, method,
  CASE kind
    WHEN 'ket_hon' THEN concat_ws(', ', 'Kết hôn ' || told_day, entry, whom)
    WHEN 'dang_ky_lai' THEN CASE WHEN starts
      THEN concat_ws(', ', 'Kết hôn ' || told_day, 'đăng ký lại' || coalesce(' ngày ' || vn_date(registered), ''),
        entry, whom)
      ELSE concat_ws(', ', 'Đăng ký lại cuộc hôn nhân này ' || told_day, entry) END
    WHEN 'dang_ky_trung' THEN concat_ws(', ', 'Cuộc hôn nhân này có thêm một bản ghi đăng ký ' || told_day, entry)
    WHEN 'ket_hon_theo_ban_an' THEN concat_ws(', ',
      'Kết hôn ' || CASE WHEN day IS NULL THEN 'không rõ ngày' ELSE told_day || ' (theo bản án)' END,
      'chưa thấy trong sổ đăng ký kết hôn', whom)
    WHEN 'ly_hon' THEN concat_ws(' ', judgment, 'cho ly hôn, có hiệu lực', told_day, 'của ' || place)
    WHEN 'huy_ket_hon' THEN concat_ws(' ', judgment, 'hủy việc kết hôn, có hiệu lực', told_day, 'của ' || place)
    WHEN 'ghi_chu_ly_hon' THEN 'Sổ đăng ký kết hôn ghi chú đã ly hôn' || CASE WHEN day_from IS NULL
      THEN ', không rõ ngày' ELSE ' theo bản án ' || told_day END
    WHEN 'ghi_chu_huy_ket_hon' THEN 'Sổ đăng ký kết hôn ghi chú đã hủy việc kết hôn' || CASE WHEN day_from IS NULL
      THEN ', không rõ ngày' ELSE ', ghi chú ' || told_day END
    WHEN 'vo_chong_chet' THEN concat_ws(', ',
      'Vợ (chồng)' || CASE WHEN ends OR gap = 'chet_truoc_ket_hon' THEN '' ELSE ' cũ' END || ' chết ' || told_day,
      CASE register WHEN 'khai_tu' THEN 'khai tử ' || entry ELSE 'theo dân cư' END)
    WHEN 'thieu_ghi_chu_ly_hon_nuoc_ngoai' THEN
      'Kết hôn lần sau ngày ' || vn_date(day_to) || ' khi chưa thấy ghi chú ly hôn ở nước ngoài của lần này'
    WHEN 'chet' THEN concat_ws(', ', 'Người này chết ' || told_day,
      CASE register WHEN 'khai_tu' THEN 'khai tử ' || entry ELSE 'theo dân cư' END)
    WHEN 'xac_nhan' THEN concat_ws(', ', 'Giấy xác nhận tình trạng hôn nhân cấp ' || told_day, entry) || ': '
      || {words_sql("said", RECORDED_WORDS, "coalesce(said, 'không ghi')")}
  END || coalesce(' [' || {words_sql("method", METHOD_WORDS)} || ']', '')
    || coalesce(' (' || {words_sql("gap", GAP_WORDS)} || ')', '') AS sentence
FROM told
"""


def write_steps(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``proof_steps(person_id, seq, kind, marriage_id, gap, method, sentence)`` from ``marital_events``.

    Needs ``persons`` (spouses) and the code list of units. A sentence has no number of a person and no full name.
    """
    con.execute(_STEPS)
