"""A small linkage for tests: a register of persons, mentions of them with slips, and a config of its own."""

import duckdb

from sosach.link.config import Block, Comparison, Level, LinkConfig, TrainingBlock

N = 150

# Person i has a name, birth date, mother and number of its own; names repeat. Every third mention lacks the number,
# every fifth has another mother's name, every seventh a birth date one day off; every eleventh person is not mentioned.
PERSONS = f"""
SELECT 'p' || i AS id,
  (['Nguyễn','Trần','Lê','Phạm','Hoàng','Phan','Vũ'])[1 + i % 7] || ' ' ||
    (['Văn An','Thị Bình','Minh Châu','Hữu Dũng','Thu Hà','Quốc Khánh','Ngọc Lan','Đức Long','Hải Yến'])[1 + i % 9]
    AS ho_ten,
  DATE '1950-01-01' + (i * 37 % 15000)::INTEGER AS ngay_sinh,
  'Mẹ ' || (i * 7 % 90) AS me,
  printf('0401%08d', i) AS so
FROM range({N}) t(i)
"""
MENTIONS = """
SELECT 'm' || substr(id, 2) AS id,
  CASE WHEN i % 13 = 0 THEN replace(ho_ten, 'ễ', 'ể') ELSE ho_ten END AS ho_ten,
  CASE WHEN i % 7 = 0 THEN ngay_sinh + 1 ELSE ngay_sinh END AS ngay_sinh,
  CASE WHEN i % 5 = 0 THEN 'Mẹ ' || (i % 11) ELSE me END AS me,
  CASE WHEN i % 3 > 0 THEN so END AS so
FROM (SELECT *, substr(id, 2)::INTEGER AS i FROM persons) WHERE i % 11 > 0
"""


def null(column: str) -> Level:
    return Level(f"{column}_l IS NULL OR {column}_r IS NULL", "thiếu", is_null=True)


def other(words_vi: str, m: float, u: float) -> Level:
    return Level("ELSE", words_vi, m, u, agrees=False)


NAME = Comparison(
    "ho_ten",
    "họ tên",
    (
        null("ho_ten"),
        Level("ho_ten_l = ho_ten_r", "cùng họ tên", 0.9, 0.02, tf_column="ho_ten"),
        Level("levenshtein(ho_ten_l, ho_ten_r) <= 1", "dấu hỏi/ngã", 0.05, 0.001, agrees=False),
        other("họ tên", 0.05, 0.979),
    ),
)
BIRTH = Comparison(
    "ngay_sinh",
    "ngày sinh",
    (
        null("ngay_sinh"),
        Level("ngay_sinh_l = ngay_sinh_r", "cùng ngày sinh", 0.9, 0.0001),
        Level("abs(ngay_sinh_l - ngay_sinh_r) <= 1", "ngày sinh lệch một ngày", 0.05, 0.0002, agrees=False),
        other("ngày sinh", 0.05, 0.9997),
    ),
)
MOTHER = Comparison(
    "me", "tên mẹ", (null("me"), Level("me_l = me_r", "cùng tên mẹ", 0.85, 0.01), other("tên mẹ", 0.15, 0.99))
)
NUMBER = Comparison(
    "so",
    "số định danh",
    (null("so"), Level("so_l = so_r", "cùng số định danh", 0.99, 1e-7), other("số định danh", 0.01, 1 - 1e-7)),
)


def config(**changes: object) -> LinkConfig:
    """The linkage of this module, with what a test changes."""
    whole: dict[str, object] = {
        "name": "sample",
        "comparisons": (NAME, BIRTH, MOTHER, NUMBER),
        "blocking": (Block("ten", "ho_ten"), Block("ngay", "ngay_sinh"), Block("so", "so")),
        "training_blocking": (
            TrainingBlock("ngay", "ngay_sinh", ("ngay_sinh",)),
            TrainingBlock("ten_me", "ho_ten || me", ("ho_ten", "me")),
        ),
        "certain": ("ho_ten || ngay_sinh",),
        "certain_recall": 0.8,
        "default_prior": 0.001,
        "link_weight": 4.0,
        "review_weight": 0.0,
        "margin": 2.0,
        "max_cluster": 10,
    }
    return LinkConfig(**{**whole, **changes})  # type: ignore[arg-type]


def world(threads: int = 2, reverse: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection with ``persons`` and ``mentions``; the mention of person p<i> is m<i>."""
    con = duckdb.connect()
    con.execute(f"SET threads = {threads}")
    order = "DESC" if reverse else "ASC"
    con.execute(f"CREATE TABLE persons AS FROM ({PERSONS}) ORDER BY id {order}")
    con.execute(f"CREATE TABLE mentions AS FROM ({MENTIONS}) ORDER BY id {order}")
    return con
