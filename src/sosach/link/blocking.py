"""Which mentions are compared with which subjects: the keys that both must share.

Holds the keys; pairs are made in ``candidates``. A key says something of few persons at 3.5 million: where more
subjects share one than ``MAX_SUBJECTS``, it makes no pairs and is counted. What is compared is in ``comparisons``.
"""

from sosach.link.config import Block

MAX_SUBJECTS = 150
"""A key that more subjects share than this tells nobody apart; its mentions have their other keys."""


def _key(*columns: str) -> str:
    """SQL of a key over profile columns; NULL where one of them is."""
    return " || '|' || ".join(columns)


RULES: tuple[Block, ...] = (
    Block("pin", "pin"),
    Block("cmnd", "cmnd"),
    Block("name_birth", _key("name_fold", "birth")),
    Block("name_year_home", _key("name_fold", "birth_year", "home")),
    Block("name_home", _key("name_fold", "home")),
    Block("name_day_month", _key("name_fold", "month(birth)", "day(birth)")),
    Block("name_spouse", _key("name_fold", "spouse_key")),
    Block("name_mother", _key("name_fold", "mother_key")),
    Block("name_father", _key("name_fold", "father_key")),
    Block("name_phone", _key("name_fold", "phone")),
    Block("given_birth", _key("given", "birth")),
    Block("given_year_spouse", _key("given", "birth_year", "spouse_key")),
    Block("given_parents", _key("given", "mother_key", "father_key")),
    Block("birth_mother", _key("birth", "mother_key")),
    Block("birth_father", _key("birth", "father_key")),
    Block("birth_spouse", _key("birth", "spouse_key")),
)
