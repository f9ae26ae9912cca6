"""The Vietnamese words of a difference: who speaks for which side, and why one side is likelier wrong.

Texts only; no value of a record is in them. The numbers come from ``trust``.
"""

import duckdb

from sosach.duck import literal
from sosach.link.reconcile_compare import KIND_WORDS

SOURCE_WORDS: dict[str, str] = {
    "dan_cu": "dân cư",
    "khai_sinh": "sổ khai sinh",
    "ket_hon": "sổ kết hôn",
    "khai_tu": "sổ khai tử",
    "xac_nhan_tthn": "sổ xác nhận tình trạng hôn nhân",
    "ly_hon": "bản án",
    "nhan_cha_me_con": "sổ nhận cha, mẹ, con",
    "nuoi_con_nuoi": "sổ nuôi con nuôi",
    "thay_doi_ho_tich": "sổ thay đổi, cải chính hộ tịch",
    "can_cuoc": "hồ sơ căn cước",
    "bhyt": "bảo hiểm y tế",
    "tai_khoan_dinh_danh": "tài khoản định danh điện tử",
    "chi_tra_an_sinh": "chi trả an sinh xã hội",
    "tai_khoan_dvc": "tài khoản dịch vụ công",
    "so_dinh_danh": "cấu trúc số định danh",
    "chu_dem": "chữ đệm của tên",
    "cha": "bản ghi dân cư của chính người cha",
    "me": "bản ghi dân cư của chính người mẹ",
    "vo_chong": "bản ghi dân cư của chính vợ, chồng",
    "vo_chong_khai": "bản ghi dân cư của người khai là vợ, chồng",
    "noi_khai_sinh": "nơi đăng ký khai sinh trong dân cư",
    "so_ket_hon": "năm trong số đăng ký kết hôn ở sổ",
    "so_ket_hon_ban_an": "năm trong số đăng ký kết hôn ở bản án",
}
"""Registers and witnesses as officers call them."""

SHAPE_WORDS: dict[str, str] = {
    "0101": "ngày 01/01 thường là ngày mặc định khi chỉ biết năm",
    "vo_ly": "ngày này không hợp với tuổi hoặc ngày của sự kiện đã đăng ký",
    "khong_dau": "tên viết không dấu",
    "mot_chu": "chỉ ghi một chữ của tên",
    "ngan": "tên thiếu chữ so với nơi khác",
    "ky_hieu": "tên có chữ số hoặc ký hiệu lạ",
    "cu": "là giá trị trước khi cải chính đã đăng ký",
    "sai_gioi": "số này là số của người khác giới",
    "khong_co": "số này không có trong dân cư",
    "tam": "là mục tạm, không phải tên một dân tộc",
    "ten_khac": "số này là của người có tên khác",
}
"""What can be seen on a value alone that makes it likelier wrong."""

ORIGINAL = "khai_sinh.nks"
"""The birth act: what later papers are written after."""

# Of each disputed statement: who else says the same, its shape and how often its class is wrong.
STANDING = """
CREATE OR REPLACE TEMP TABLE standing AS
WITH word (source, word) AS (VALUES {words}),
agreeing AS (
  SELECT s.statement, string_agg(DISTINCT w.word, ', ' ORDER BY w.word) AS others
  FROM contest s JOIN contest o ON o.item = s.item AND o.statement <> s.statement
    AND CASE WHEN s."full" AND o."full" THEN o.key = s.key ELSE o.part = s.part END
  JOIN word w ON w.source = o.register
  WHERE o.register <> 'dan_cu' AND (o.register, o.role) <> (s.register, s.role)
  GROUP BY s.statement)
SELECT s.statement, s.told_item, s.register, s.role, s.record_id, s.shape, w.wrong, r.rate, a.others
FROM contest s JOIN wrong w USING (statement) JOIN rate r USING (class) LEFT JOIN agreeing a USING (statement)
"""


NO_STANDING = """CREATE OR REPLACE TEMP TABLE standing (statement BIGINT, told_item BIGINT, register VARCHAR,
  role VARCHAR, record_id VARCHAR, shape VARCHAR, wrong DOUBLE, rate DOUBLE, others VARCHAR)"""


def standing_sql() -> str:
    """Statement that makes ``standing`` from ``contest``, ``wrong`` and ``rate``."""
    return STANDING.format(words=", ".join(f"({literal(k)}, {literal(v)})" for k, v in SOURCE_WORDS.items()))


def reasons_sql(source: str) -> str:
    """SELECT of everything in ``source`` and ``reasons``: why ``side`` is named, joined by semicolons, else NULL.

    ``source`` has ``side, register, role, other_register`` and ``here_<c>``, ``there_<c>`` for c in others, shape
    and rate.
    """
    turned = ", ".join(
        f"CASE side WHEN 'here' THEN {here} WHEN 'there' THEN {there} END AS {name}"
        for name, here, there in (
            ("bad", "register", "other_register"),
            ("good", "other_register", "register"),
            ("bad_shape", "here_shape", "there_shape"),
            ("bad_rate", "here_rate", "there_rate"),
            ("good_rate", "there_rate", "here_rate"),
            ("for_bad", "here_others", "there_others"),
            ("for_good", "there_others", "here_others"),
        )
    )
    return f"""SELECT * EXCLUDE (bad, good, bad_rate, good_rate, seen, for_bad, for_good),
      CASE WHEN side IS NOT NULL THEN
      concat_ws('; ', for_good || ' ghi như ' || good, 'ở ' || bad || ' ' || seen,
        CASE WHEN side = 'there' AND concat(register, '.', role) = {literal(ORIGINAL)} AND other_register = 'dan_cu'
          THEN 'giấy khai sinh là giấy tờ gốc' END,
        CASE WHEN bad_rate >= 1.5 * good_rate AND seen IS NULL THEN 'ô này ở ' || bad || ' ước tính sai '
          || {_percent("bad_rate")} || ', ở ' || good || ' ' || {_percent("good_rate")} END,
        'ngược lại, ' || for_bad || ' ghi như ' || bad) END AS reasons
    FROM (SELECT * EXCLUDE (bad_shape) REPLACE ({_case("bad", SOURCE_WORDS)} AS bad,
      {_case("good", SOURCE_WORDS)} AS good),
      {_case("bad_shape", SHAPE_WORDS)} AS seen FROM (SELECT *, {turned} FROM {source}))"""


def _percent(rate: str) -> str:
    return f"replace(printf('%.2f', 100 * {rate}), '.', ',') || '%'"


def _case(of: str, words: dict[str, str]) -> str:
    whens = " ".join(f"WHEN {literal(key)} THEN {literal(text)}" for key, text in words.items())
    return f"CASE {of} {whens} END"


def likelier_words(likelier: str = "likelier_wrong") -> str:
    """SQL expression over a row of ``differences``: the sentence that an officer reads about who is likelier wrong.

    "bên có khả năng sai hơn: dân cư (xác suất 93,1%), vì …"; where no side is named: "chưa rõ bên nào sai".
    NULL where the two sides do not differ.
    """
    here, there = _case("register", SOURCE_WORDS), _case("other_register", SOURCE_WORDS)
    share = "replace(printf('%.1f', 100 * least(probability, 0.999)), '.', ',') || '%'"
    return f"""CASE WHEN state <> 'differs' OR kind = 'year_only' THEN NULL
      WHEN {likelier} IS NULL THEN 'chưa rõ bên nào sai'
      ELSE 'bên có khả năng sai hơn: ' || (CASE {likelier} WHEN 'here' THEN {here} ELSE {there} END)
        || ' (xác suất ' || {share} || ')' || coalesce(', vì ' || nullif(reasons, ''), '') END"""


def kind_words(kind: str) -> str:
    """SQL expression: the words of a kind of difference."""
    return _case(kind, KIND_WORDS)


FIELD_WORDS: dict[str, str] = {
    "ho_ten": "họ tên",
    "ngay_sinh": "ngày sinh",
    "gioi_tinh": "giới tính",
    "dan_toc": "dân tộc",
    "so_dinh_danh": "số định danh",
    "so_cmnd": "số CMND",
    "cha_ho_ten": "tên cha",
    "me_ho_ten": "tên mẹ",
    "cha_so_dinh_danh": "số định danh của cha",
    "me_so_dinh_danh": "số định danh của mẹ",
    "vo_chong_ho_ten": "tên vợ, chồng",
    "vo_chong_so_dinh_danh": "số định danh của vợ, chồng",
    "que_quan": "quê quán",
    "noi_dang_ky_khai_sinh": "nơi đăng ký khai sinh",
    "ma_noi_khai_sinh": "mã nơi đăng ký khai sinh trong số định danh",
    "ngay_chet": "ngày chết",
    "ket_hon_so": "số đăng ký kết hôn",
    "ket_hon_quyen_so": "quyển sổ kết hôn",
    "ket_hon_ngay_dang_ky": "ngày đăng ký kết hôn",
    "ket_hon_noi_dang_ky": "nơi đăng ký kết hôn",
    "ban_ghi": "bản ghi",
    "su_kien": "sự kiện",
}
"""What an officer calls a compared field."""

# An issue names a record and a rule; the differences of that class with that record on either side explain it. The
# sentence of each field is that of its surest difference.
_BY_ISSUE = """
CREATE OR REPLACE TEMP TABLE issue_words AS
WITH open AS (
  SELECT issue_id, register, record_id, CASE WHEN rule_id LIKE 'DT06%' THEN 'XR02' ELSE split_part(rule_id, '-', 1) END
    AS xr FROM issues WHERE state IN ('new', 'open', 'reopened') AND (rule_id LIKE 'XR%' OR rule_id LIKE 'DT06%')),
beside AS (
  SELECT o.issue_id, d.* FROM open o JOIN differences d ON d.other_register = o.register
    AND d.other_record_id = o.record_id AND d.xr = o.xr
  UNION
  SELECT o.issue_id, d.* FROM open o JOIN differences d ON d.register = o.register AND d.record_id = o.record_id
    AND d.xr = o.xr),
best AS (
  SELECT issue_id, field, kind, {words} AS words, {field} AS label FROM beside WHERE state = 'differs'
  QUALIFY row_number() OVER (PARTITION BY issue_id, field ORDER BY probability DESC NULLS LAST, register, record_id,
    role, other_register, other_record_id, other_role) = 1)
SELECT issue_id, string_agg(concat_ws('; ', label || ': ' || {kind}, words), '. ' ORDER BY field) AS words
FROM best GROUP BY issue_id
"""


def words_by_issue(con: duckdb.DuckDBPyConnection) -> None:
    """Make table ``issue_words(issue_id, words)``: of each open issue about registers that disagree (XR…, DT06), how
    they differ and which side is likelier wrong, as officers read it. No value of a record is in it.

    Needs tables ``issues`` and ``differences`` of the run.
    """
    con.execute(_BY_ISSUE.format(words=likelier_words(), field=_case("field", FIELD_WORDS), kind=kind_words("kind")))
