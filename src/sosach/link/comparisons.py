"""How two profiles of Vietnamese records are compared: the fields, their levels, and the words for each.

Holds declarations only. m and u are those of a careful reader and stand where training cannot tell (too little data);
otherwise ``engine.train`` replaces them. Which pairs are compared is in ``blocking``, what follows in ``decide``.
"""

from sosach.link.blocking import RULES
from sosach.link.config import ELSE, Comparison, Level, LinkConfig, TrainingBlock


def _none(condition: str, field: str) -> Level:
    return Level(condition, field, is_null=True)


def _differs(condition: str, words: str, m: float, u: float) -> Level:
    return Level(condition, words, m, u, agrees=False)


# Family name and given name stand at the ends, so a middle name dropped, added or moved leaves both.
_ENDS = "surname_l = surname_r AND given_l = given_r"
_WORDS_L, _WORDS_R = "string_split(name_fold_l, ' ')", "string_split(name_fold_r, ' ')"
_MIDDLE = f"({_ENDS} AND (list_has_all({_WORDS_L}, {_WORDS_R}) OR list_has_all({_WORDS_R}, {_WORDS_L})))"
_NEAR = (
    "damerau_levenshtein(name_fold_l, name_fold_r) <= 1"
    " OR (damerau_levenshtein(name_fold_l, name_fold_r) = 2 AND damerau_levenshtein(given_l, given_r) <= 1)"
)

NAME = Comparison(
    "name",
    "họ tên",
    (
        _none("name_key_l IS NULL OR name_key_r IS NULL", "họ tên"),
        Level("name_l = name_r", "cùng họ tên", 0.93, 0.00045, tf_column="name_key"),
        Level("name_key_l = name_key_r", "họ tên chỉ khác dấu", 0.02, 0.00015, tf_column="name_key"),
        Level("name_fold_l = name_fold_r", "họ tên chỉ khác lối viết (i/y, lỗi gõ Telex, VNI)", 0.005, 0.00001),
        Level(_MIDDLE, "họ tên chỉ thừa, thiếu hoặc đảo chữ đệm", 0.015, 0.0006),
        Level(_NEAR, "họ tên gần giống", 0.012, 0.0012),
        _differs(_ENDS, "chữ đệm (cùng họ, cùng tên)", 0.006, 0.0026),
        _differs("given_l = given_r", "họ (cùng tên gọi)", 0.007, 0.016),
        _differs(ELSE, "họ tên", 0.005, 0.97894),
    ),
)

_BOTH = "birth_l IS NOT NULL AND birth_r IS NOT NULL"
_ALIKE = (
    "(year(birth_l) = year(birth_r))::INTEGER + (month(birth_l) = month(birth_r))::INTEGER"
    " + (day(birth_l) = day(birth_r))::INTEGER"
)
_SWAPPED = "birth_year_l = birth_year_r AND day(birth_l) = month(birth_r) AND month(birth_l) = day(birth_r)"
_YEAR_SLIP = (
    "abs(birth_year_l - birth_year_r) <= 1 OR damerau_levenshtein(birth_year_l::VARCHAR, birth_year_r::VARCHAR) <= 1"
)

BIRTH = Comparison(
    "birth",
    "ngày sinh",
    (
        _none("birth_year_l IS NULL OR birth_year_r IS NULL", "ngày sinh"),
        Level("birth_l = birth_r AND (day(birth_l) > 1 OR month(birth_l) > 1)", "cùng ngày sinh", 0.72, 0.00003),
        Level("birth_l = birth_r", "cùng ghi sinh ngày 01/01 của một năm", 0.01, 0.00002),
        Level(f"NOT ({_BOTH}) AND birth_year_l = birth_year_r", "cùng năm sinh", 0.21, 0.006),
        Level(_SWAPPED, "ngày sinh chỉ đảo ngày và tháng", 0.005, 0.00003),
        Level(f"{_ALIKE} = 2", "ngày sinh chỉ khác ngày, tháng hoặc năm", 0.04, 0.003),
        _differs("birth_year_l = birth_year_r", "ngày và tháng sinh (cùng năm)", 0.005, 0.0089),
        _differs(_YEAR_SLIP, "năm sinh (lệch một năm hoặc sai một chữ số)", 0.006, 0.12),
        _differs(ELSE, "năm sinh", 0.004, 0.86804),
    ),
)

SEX = Comparison(
    "sex",
    "giới tính",
    (
        _none("sex_l IS NULL OR sex_r IS NULL", "giới tính"),
        Level("sex_l = sex_r", "cùng giới tính", 0.99, 0.5),
        _differs(ELSE, "giới tính", 0.01, 0.5),
    ),
)

# A number issued with a wrong province, century, sex or year keeps its last six digits.
_PIN_NEAR = "damerau_levenshtein(pin_l, pin_r) <= 1 OR right(pin_l, 6) = right(pin_r, 6)"

NUMBER = Comparison(
    "number",
    "số định danh, CMND",
    (
        _none("(pin_l IS NULL OR pin_r IS NULL) AND (cmnd_l IS NULL OR cmnd_r IS NULL)", "số định danh, CMND"),
        Level("pin_l = pin_r", "cùng số định danh", 0.55, 0.000001),
        Level("cmnd_l = cmnd_r", "cùng số CMND", 0.415, 0.000001),
        Level(_PIN_NEAR, "số định danh chỉ sai một chữ số hoặc phần mã tỉnh, giới tính, năm sinh", 0.012, 0.00001),
        Level("damerau_levenshtein(cmnd_l, cmnd_r) <= 1", "số CMND chỉ sai một chữ số", 0.008, 0.00001),
        _differs("pin_l <> pin_r", "số định danh", 0.005, 0.7),
        _differs(ELSE, "số CMND", 0.01, 0.299978),
    ),
)


def _relative(name: str, field: str, *, may_lack: bool = False) -> Comparison:
    """Name and number of a relative; with ``may_lack`` it says something that the subject has none."""
    left, right = f"{name}_key_l", f"{name}_key_r"
    words_l, words_r = f"string_split({left}, ' ')", f"string_split({right}, ' ')"
    near = (
        f"damerau_levenshtein({left}, {right}) <= 1"
        f" OR list_has_all({words_l}, {words_r}) OR list_has_all({words_r}, {words_l})"
    )
    same_number = f"cùng số giấy tờ của {field.removeprefix('tên ')}"
    levels = [
        Level(f"{name}_number_l = {name}_number_r", same_number, 0.1, 0.000003),
        Level(f"{left} = {right}", f"cùng {field}", 0.53 if may_lack else 0.83, 0.0007, tf_column=f"{name}_key"),
        Level(near, f"{field} gần giống", 0.04, 0.005),
    ]
    if may_lack:  # who never married, or whose marriage ended: that speaks against, but not much
        missing = f"{left} IS NULL"
        levels += [_differs(f"{right} IS NULL", f"dân cư không ghi {field}", 0.25, 0.5)]
        levels += [_differs(ELSE, field, 0.08, 0.494297)]
    else:
        missing = f"{left} IS NULL OR {right} IS NULL"
        levels += [_differs(ELSE, field, 0.03, 0.994297)]
    return Comparison(name, field, (_none(missing, field), *levels))


FATHER = _relative("father", "tên cha")
MOTHER = _relative("mother", "tên mẹ")
SPOUSE = _relative("spouse", "tên vợ/chồng", may_lack=True)

HOME = Comparison(
    "home",
    "xã cư trú",
    (
        _none("home_l IS NULL OR home_r IS NULL", "xã cư trú"),
        Level("home_l = home_r", "cùng xã cư trú (theo đơn vị hiện nay)", 0.85, 0.012),
        _differs(ELSE, "xã cư trú", 0.15, 0.988),
    ),
)

ORIGIN = Comparison(
    "origin",
    "nơi đăng ký khai sinh",
    (
        _none("origin_l IS NULL OR origin_r IS NULL", "nơi đăng ký khai sinh"),
        Level("origin_l = origin_r", "cùng nơi đăng ký khai sinh", 0.95, 0.012),
        _differs(ELSE, "nơi đăng ký khai sinh", 0.05, 0.988),
    ),
)

DEATH = Comparison(
    "death",
    "ngày chết",
    (
        _none("death_l IS NULL", "ngày chết"),
        Level("death_l = death_r", "cùng ngày chết", 0.85, 0.00001),
        Level("abs(death_l - death_r) <= 366", "ngày chết gần nhau", 0.05, 0.005),
        _differs("death_r IS NULL", "dân cư chưa ghi đã chết", 0.09, 0.93),
        _differs(ELSE, "ngày chết", 0.01, 0.06499),
    ),
)

PHONE = Comparison(
    "phone",
    "số điện thoại",
    (
        _none("phone_l IS NULL OR phone_r IS NULL", "số điện thoại"),
        Level("phone_l = phone_r", "cùng số điện thoại", 0.8, 0.00001),
        _differs(ELSE, "số điện thoại", 0.2, 0.99999),
    ),
)

KIN = Comparison(
    "kin",
    "người thân, bản ghi liên quan",
    (
        _none("kin_l IS NULL OR kin_r IS NULL", "người thân, bản ghi liên quan"),
        Level("list_has_any(kin_l, kin_r)", "người thân hoặc bản ghi liên quan chỉ đến người này", 0.95, 0.00001),
        _differs(ELSE, "người thân hoặc bản ghi liên quan chỉ đến người khác", 0.05, 0.99999),
    ),
)

COMPARISONS = (NAME, BIRTH, SEX, NUMBER, FATHER, MOTHER, SPOUSE, HOME, ORIGIN, DEATH, PHONE, KIN)

VIETNAM = LinkConfig(
    name="vietnam",
    comparisons=COMPARISONS,
    blocking=RULES,
    training_blocking=(
        TrainingBlock("pin", "pin", ("number", "kin")),
        TrainingBlock("cmnd", "cmnd", ("number",)),
        TrainingBlock("name_birth", "name_key || '|' || birth", ("name", "birth")),
        TrainingBlock("given_parents", "given || '|' || mother_key || '|' || father_key", ("name", "mother", "father")),
        TrainingBlock("name_year_home", "name_key || '|' || birth_year || '|' || home", ("name", "birth", "home")),
    ),
    certain=("name_key || '|' || birth || '|' || sex",),
    certain_recall=0.75,
    default_prior=0.0001,
    link_weight=5.0,
    review_weight=-3.0,
    margin=5.0,
    max_cluster=200,
)
"""Thresholds without labels. The model itself says how often it errs: a link of weight 5 in one of 33, but links that
light are few, and over all links, sure ones included, its expected share of errors stays below one in a thousand (the
count ``expected_wrong`` of each run says what it is). With a margin of 5 the second candidate has less than one part in
32 of the first one's odds. Below, down to 8 to 1 against, a person looks at the pair."""
