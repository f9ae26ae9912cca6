"""How numbers, percentages and dates are written in Vietnamese reports.

Holds formatting and its inverse (for the arithmetic checker). Holds no wording and no layout.
"""

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sosach.report.model import Share
from sosach.statistics import wilson

NOTHING = "–"  # printed where a denominator is 0
_GROUPED = re.compile(r"^\d{1,3}(?:\.\d{3})+$|^\d+$")
_PERCENT = re.compile(r"^(\d+(?:,\d+)?)\s*%?$")


def so(value: int) -> str:
    """A count with dots between thousands: ``1234567`` → ``1.234.567``."""
    return f"{value:,}".replace(",", ".")


def so2(value: int) -> str:
    """A count in running text: below 10 with a leading zero, as official texts write it (``02``, ``10``)."""
    return f"{value:02d}" if 0 <= value < 10 else so(value)


def percent(share: Share, decimals: int = 2) -> Decimal | None:
    """The share in per cent, rounded half up; None where the denominator is 0."""
    if share.denominator == 0:
        return None
    exact = Decimal(share.numerator) * 100 / Decimal(share.denominator)
    return exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def phan_tram(value: Decimal) -> str:
    """A percentage with comma: ``Decimal("95.57")`` → ``95,57%``."""
    return f"{value}%".replace(".", ",")


def ty_le(share: Share) -> str:
    """A share as percentage with two decimals (``95,57%``); ``–`` where the denominator is 0."""
    value = percent(share)
    return NOTHING if value is None else phan_tram(value)


def khoang(share: Share) -> str:
    """Wilson's 95% interval of a share (``88,12–89,30%``); ``–`` where the denominator is 0."""
    if share.denominator == 0:
        return NOTHING
    low, high = (f"{100 * bound:.2f}".replace(".", ",") for bound in wilson(share.numerator, share.denominator))
    return f"{low}–{high}%"


def diem(now: Share, before: Share) -> str:
    """Change in percentage points with sign (``+0,52``), taken from the two printed percentages; ``–`` without one."""
    new, old = percent(now), percent(before)
    if new is None or old is None:
        return NOTHING
    return "0,00" if new == old else f"{new - old:+}".replace(".", ",")


def ngay(day: date) -> str:
    """A date as ``05/01/2026``."""
    return f"{day:%d/%m/%Y}"


def ngay_chu(day: date) -> str:
    """A date in an official document: ``ngày 05 tháng 01 năm 2026``; months from 3 on have no leading zero."""
    month = f"{day.month:02d}" if day.month < 3 else str(day.month)
    return f"ngày {day.day:02d} tháng {month} năm {day.year}"


def read_so(text: str) -> int | None:
    """The count that ``so`` wrote, or None where the text is no count."""
    cleaned = text.strip()
    return int(cleaned.replace(".", "")) if _GROUPED.match(cleaned) else None


def read_ty_le(text: str) -> tuple[Decimal, int] | None:
    """A printed percentage (sign optional) as value and number of decimals, or None where the text is none."""
    found = _PERCENT.match(text.strip())
    if not found:
        return None
    return Decimal(found[1].replace(",", ".")), len(found[1].partition(",")[2])
