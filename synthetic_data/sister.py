"""What the sister registers need beyond civil status: foreigners with a residence card, and pools of texts.

Foreigners live here but are in no population record and have no PIN. No figure of their number in Nghệ An was found, so
counts and shares are own guesses; what is known (the campaign runs since 01/07/2025, approval takes 3 or 7 working
days) is from domain.md 4.6. Names come from Faker where it writes a nation's names in Latin letters, else from
``data/foreign_names.csv``. Holds no columns of records; those are in ``sql/``.
"""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from faker import Faker

from synthetic_data.days import NEVER, YEAR, Array, Floats, day, next_working, to_dates

NAMES = Path(__file__).parent / "data" / "foreign_names.csv"
POOL_NAMES = 300
"""Names drawn for each nation and sex; people share them as in life."""
COMPANIES, HANDLES = 1000, 2000
"""Sizes of the pools of texts; ``sql/tai_khoan_dvc.sql`` takes the remainder of a hash by them."""
FIRST_ID = 90_000_000
"""Ids of foreigners begin here, above those of ``person``."""
PER_PERSON = 0.0006
FEWEST = 12
NATIONS = {"LA": 0.36, "CN": 0.24, "KR": 0.14, "TW": 0.10, "JP": 0.06, "US": 0.05, "IN": 0.05}
LATIN = {"CN": "zh_CN", "TW": "zh_TW", "JP": "ja_JP", "US": "en_US", "IN": "en_IN"}
CAMPAIGN_FROM = day(date(2025, 7, 1))
FILED, APPROVED, ACTIVATED = 0.85, 0.92, 0.70
"""Of the residents, of the files, of the approved; waiting for the day of the data comes on top."""
PERMANENT = 0.12


def pools(seed: int) -> pd.DataFrame:
    """``kind, number, text``: names of organisations (``company``) and first parts of e-mail addresses (``handle``)."""
    fake = Faker("vi_VN")
    fake.seed_instance(seed)
    suffix = ("Công ty TNHH", "Công ty Cổ phần", "Hợp tác xã", "Doanh nghiệp tư nhân", "Hộ kinh doanh")
    companies = [f"{suffix[n % 5]} {fake.last_name()} {fake.first_name()}" for n in range(COMPANIES)]
    handles = [str(fake.user_name()) for _ in range(HANDLES)]
    return pd.DataFrame(
        {
            "kind": ["company"] * COMPANIES + ["handle"] * HANDLES,
            "number": [*range(COMPANIES), *range(HANDLES)],
            "text": companies + handles,
        }
    )


def _name_pool(seed: int, nation: str, sex: int) -> list[tuple[str, str]]:
    """Family and given names as a passport writes them, in capitals without marks."""
    if nation not in LATIN:
        known = pd.read_csv(NAMES).query("nationality == @nation")
        given_first = nation == "LA"
        parts = known["name"].str.split(" ", n=1, expand=True)
        family, given = (parts[1], parts[0]) if given_first else (parts[0], parts[1])
        own = given[known["sex"] == sex]
        return [(f.upper(), g.upper()) for f in family for g in own]
    fake = Faker(LATIN[nation])
    fake.seed_instance(seed * 2 + sex)
    first = ("male", "female")[sex]
    pool = []
    for _ in range(POOL_NAMES):
        if nation in ("US", "IN"):
            pair = str(fake.last_name()), str(getattr(fake, f"first_name_{first}")())
        elif nation == "CN":
            pair = str(fake.last_romanized_name()), str(fake.first_romanized_name())
        else:
            pair = str(fake.last_romanized_name()), str(getattr(fake, f"first_romanized_name_{first}")())
        pool.append((pair[0].upper(), pair[1].upper().replace("-", " ")))
    return pool


def _until(days: Array, happens: np.ndarray[tuple[int], np.dtype[np.bool_]], as_of: int) -> Array:
    """The days that happen up to ``as_of``; NEVER for the others."""
    return np.where(happens & (days <= as_of), days, NEVER)


def foreigners(seed: int, persons: int, homes: Array, as_of: int) -> pd.DataFrame:
    """Foreigners with a residence card, one row each.

    ``id, nationality, sex_code, family, given, name`` (family name first), ``birth, passport, residence_card,
    card_day, card_expires, home_old, number`` (of the electronic identity), ``filed, approved, activated``: days of
    the account of level 2 (NaT: not yet).

    Args:
        seed: of all draws.
        persons: size of the population, which sets their number.
        homes: old communes in which the living have their homes; the draw follows them.
        as_of: day number of the data set.
    """
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 0x5157])))
    size = max(FEWEST, round(persons * PER_PERSON))
    nations = np.array(list(NATIONS))
    nation = nations[np.searchsorted(np.cumsum(list(NATIONS.values())), rng.random(size) * 0.999)]
    sex = (rng.random(size) < 0.35).astype(np.int64)
    pick: Floats = rng.random(size)
    named = {(n, s): _name_pool(seed, n, s) for n in NATIONS for s in (0, 1)}
    pairs = [named[n, s][int(u * len(named[n, s]))] for n, s, u in zip(nation, sex, pick, strict=True)]
    permanent = rng.random(size) < PERMANENT
    card_day = as_of - 20 - (rng.random(size) * np.where(permanent, 9 * YEAR, 2 * YEAR)).astype(np.int64)
    term = np.where(permanent, 10 * YEAR, rng.choice([2, 3, 5], size) * YEAR).astype(np.int64)
    filed = next_working(CAMPAIGN_FROM + rng.exponential(60, size).astype(np.int64))
    filed = _until(np.maximum(filed, next_working(card_day + 3)), rng.random(size) < FILED, as_of)
    approved = _until(
        next_working(filed + rng.choice([4, 9], size)), (filed < NEVER) & (rng.random(size) < APPROVED), as_of
    )
    activated = _until(approved + rng.integers(0, 40, size), (approved < NEVER) & (rng.random(size) < ACTIVATED), as_of)
    digits = rng.permutation(9_000_000)[:size] + 1_000_000
    return pd.DataFrame(
        {
            "id": FIRST_ID + np.arange(size),
            "nationality": nation,
            "sex_code": np.where(sex == 0, "1", "2"),
            "family": [family for family, _ in pairs],
            "given": [given for _, given in pairs],
            "name": [f"{family} {given}" for family, given in pairs],
            "birth": to_dates(as_of - (rng.uniform(19, 66, size) * YEAR).astype(np.int64)),
            "passport": [f"{'ABCEGKLMP'[d % 9]}{d}" for d in digits],
            "residence_card": [
                f"{'PR' if p else 'TR'}{d * 7 % 9_000_011:07d}" for d, p in zip(digits, permanent, strict=True)
            ],
            "card_day": to_dates(card_day),
            "card_expires": to_dates(card_day + term),
            "home_old": rng.choice(homes, size),
            "number": [f"9{d * 11 % 90_000_049:011d}" for d in digits],
            "filed": to_dates(filed),
            "approved": to_dates(approved),
            "activated": to_dates(activated),
        }
    )
