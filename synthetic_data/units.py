"""The province: communes before and after 01/07/2025, how many people live in each and of which ethnic groups.

Reads ``expectations/code_lists/don_vi.csv`` and ``data/regions.yaml``. Holds no person.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from sosach.errors import SettingsError
from synthetic_data.days import Array, Floats, day

DATA = Path(__file__).parent / "data"
MERGER = day(date(2025, 7, 1))
KIND_TEXT = {
    "phuong": "phường",
    "xa": "xã",
    "thi_tran": "thị trấn",
    "huyen": "huyện",
    "thi_xa": "thị xã",
    "thanh_pho": "thành phố",
}


@dataclass(frozen=True)
class Province:
    """Communes chosen for one data set.

    ``new`` has one row a commune of today (``code, name, text, district, region, people``), ``old`` one row a
    commune up to
    30/06/2025 (``code, name, text, district, parent`` = row of ``new``, ``weight``), ``district`` one row a former
    district. ``ethnic`` is the share of each group of ``groups`` in each row of ``new`` (rows sum to 1).
    """

    new: pd.DataFrame
    old: pd.DataFrame
    district: pd.DataFrame
    groups: tuple[str, ...]
    ethnic: Floats

    def code_on(self, old_rows: Array, days: Array) -> Array:
        """Code of the commune in force: the old one up to 30/06/2025, its successor from 01/07/2025."""
        old_code = self.old["code"].to_numpy(np.int64)
        new_code = self.new["code"].to_numpy(np.int64)
        parent = self.old["parent"].to_numpy(np.int64)
        return np.asarray(np.where(days < MERGER, old_code[old_rows], new_code[parent[old_rows]]))


def load_province(expectations: Path, communes: int | None) -> Province:
    """Read the units and choose ``communes`` of them, spread over the province; None takes all 130.

    Raises:
        SettingsError: ``communes`` is not between 1 and the number of communes.
    """
    listed = pd.read_csv(expectations / "code_lists" / "don_vi.csv", dtype=str, keep_default_na=False)
    kind = listed["type"].map(KIND_TEXT)
    listed = listed.assign(text=kind + " " + listed["name"])
    is_old = (listed["level"] == "xa") & (listed["district"] != "")
    district = listed[listed["level"] == "huyen"].sort_values("code").reset_index(drop=True)
    old = listed[is_old].sort_values("code").reset_index(drop=True)
    new = listed[(listed["level"] == "xa") & ~is_old].sort_values("code").reset_index(drop=True)
    if communes is not None:
        if not 1 <= communes <= len(new):
            raise SettingsError(f"communes: {communes} is not between 1 and {len(new)}; leave it out for all communes.")
        new = new.iloc[np.linspace(0, len(new) - 1, communes).round().astype(int)].reset_index(drop=True)
        old = old[old["successor"].isin(new["code"])].reset_index(drop=True)
    new = new.assign(district=new["code"].map(old.groupby("successor")["district"].first()))
    district = district[district["code"].isin(old["district"])].reset_index(drop=True)
    old = old.assign(parent=old["successor"].map(pd.Series(new.index, index=new["code"])).astype(int))
    return _with_people(new, old, district)


def _with_people(new: pd.DataFrame, old: pd.DataFrame, district: pd.DataFrame) -> Province:
    """Add region, number of people and ethnic shares from ``data/regions.yaml``."""
    regions = yaml.safe_load((DATA / "regions.yaml").read_text(encoding="utf-8"))
    by_district = {code: name for name, region in regions["regions"].items() for code in region["districts"]}
    groups = tuple(regions["groups"])
    region = new["district"].map(by_district)
    people = region.map({name: r["people"] for name, r in regions["regions"].items()}).astype(float)
    people = people * np.where(new["type"] == "phuong", regions["ward_factor"], 1.0)
    shares = [
        [regions["ethnic"].get(d, regions["ethnic"]["default"]).get(g, 0.0) for g in groups] for d in new["district"]
    ]
    ethnic = np.asarray(shares, dtype=float)
    weight = np.where(old["type"].isin(["phuong", "thi_tran"]), 1.3, 1.0)
    return Province(
        new=new.assign(region=region, people=people),
        old=old.assign(weight=weight),
        district=district,
        groups=groups,
        ethnic=ethnic / ethnic.sum(axis=1, keepdims=True),
    )
