"""The true marital status of a person on a day, from the true marriages.

Codes are those of ``expectations/code_lists/tinh_trang_hon_nhan.csv``.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthetic_data.couples import ANNULLED, DIVORCED, OPEN
from synthetic_data.days import Array
from synthetic_data.names import Text

SINGLE, MARRIED, PARTED, WIDOWED = "CHUA_KET_HON", "DANG_CO_VO_CHONG", "LY_HON", "GOA"
_SPAN = 1 << 21
_SHIFT = 1 << 20


def _last(marriages: pd.DataFrame, person: Array, days: Array) -> tuple[Array, Array]:
    """Row of the last marriage contracted by ``person`` up to ``days`` and the spouse in it; -1 for none."""
    both = pd.concat(
        [
            pd.DataFrame(
                {"who": marriages[a], "with": marriages[b], "married": marriages["married"], "row": marriages.index}
            )
            for a, b in (("husband", "wife"), ("wife", "husband"))
        ]
    )
    key = both["who"].to_numpy(np.int64) * _SPAN + both["married"].to_numpy(np.int64) + _SHIFT
    order = np.argsort(key, kind="stable")
    wanted = person.astype(np.int64) * _SPAN + days + _SHIFT
    at = np.searchsorted(key[order], wanted, side="right") - 1
    safe = order[np.maximum(at, 0)] if len(order) else np.zeros(len(person), dtype=np.int64)
    if not len(order):
        return np.full(len(person), -1), np.full(len(person), -1)
    found = (at >= 0) & (both["who"].to_numpy()[safe] == person)
    return np.where(found, both["row"].to_numpy()[safe], -1), np.where(found, both["with"].to_numpy()[safe], -1)


def status_on(marriages: pd.DataFrame, person: Array, days: Array) -> tuple[Text, Array, Array]:
    """Status code, marriage row (-1 for none) and spouse of that marriage (-1) of each person at the end of each day.

    ``marriages`` needs a range index. An annulled marriage counts only until its annulment; then the earlier status
    returns.
    """
    row, spouse = _last(marriages, person, days)
    end, kind = marriages["end"].to_numpy(np.int64), marriages["end_kind"].to_numpy(np.int64)
    if not len(marriages):
        return np.full(len(person), SINGLE, dtype=object), row, spouse
    void = (row >= 0) & (kind[row] == ANNULLED) & (end[row] <= days)
    if void.any():
        valid = marriages[marriages["end_kind"] != ANNULLED]
        earlier, with_whom = _last(valid, person[void], days[void])
        row[void], spouse[void] = earlier, with_whom
    ended = (row >= 0) & (end[row] <= days) & (kind[row] != OPEN)
    status = np.where(
        row < 0, SINGLE, np.where(~ended, MARRIED, np.where(kind[row] == DIVORCED, PARTED, WIDOWED))
    ).astype(object)
    return status, row, spouse


@dataclass(frozen=True)
class Standing:
    """How each of some persons stands on a day, from the marriages up to it; arrays of one length.

    ``row`` is the marriage (-1: none), ``settled`` how many days ago it ended (-1: open or none), ``changed`` the first
    day on which an office can know of the last birth, marriage, end of one, or own death.
    """

    status: Text
    row: Array
    spouse: Array
    settled: Array
    changed: Array


def standing_on(marriages: pd.DataFrame, person: Array, birth: Array, death: Array, today: int) -> Standing:
    """Standing of each person on ``today``, of the dead on the day before they died; days are day numbers."""
    last_day = np.minimum(death - 1, today)
    status, row, spouse = status_on(marriages, person, last_day)
    changed = np.maximum(birth + 20, np.where(death <= today, death + 3, 0))
    settled = np.full(len(person), -1)
    if len(marriages):
        end, married = (marriages[name].to_numpy(np.int64)[row] for name in ("end", "married"))
        ended = (row >= 0) & (end <= last_day)
        changed = np.maximum(changed, np.where(row >= 0, np.where(ended, end, married) + 4, 0))
        settled = np.where(ended, today - end, -1)
    return Standing(status, row, spouse, settled, changed)
