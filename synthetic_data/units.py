"""The province: communes before and after 01/07/2025, how many people live in each and of which ethnic groups.

Reads ``expectations/code_lists/don_vi.csv`` and ``data/regions.yaml``. Holds no person.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

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
    district. ``ethnic`` is the share of each group of ``groups`` in each row of ``new`` (rows sum to 1);
    ``official`` is what the registers call each group.
    """

    new: pd.DataFrame
    old: pd.DataFrame
    district: pd.DataFrame
    groups: tuple[str, ...]
    official: tuple[str, ...]
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
    listed = listed.assign(text=listed["type"].map(KIND_TEXT) + " " + listed["name"])
    is_old = (listed["level"] == "xa") & (listed["district"] != "")
    district = listed[listed["level"] == "huyen"].sort_values("code").reset_index(drop=True)
    old = listed[is_old].sort_values("code").reset_index(drop=True)
    old = old.assign(weight=np.where(old["type"].isin(["phuong", "thi_tran"]), 1.3, 1.0))
    new = listed[(listed["level"] == "xa") & ~is_old].sort_values("code").reset_index(drop=True)
    merged = old.groupby("successor")
    new = new.assign(
        district=new["code"].map(merged["district"].first()), merged=new["code"].map(merged["weight"].sum())
    )
    regions = yaml.safe_load((DATA / "regions.yaml").read_text(encoding="utf-8"))
    new = _with_people(new, regions)
    groups = (*regions["province"], *regions["tail"])
    ethnic = _ethnic(new, regions, groups)
    if communes is not None:
        if not 1 <= communes <= len(new):
            raise SettingsError(f"communes: {communes} is not between 1 and {len(new)}; leave it out for all communes.")
        chosen = np.linspace(0, len(new) - 1, communes).round().astype(int)
        new, ethnic = new.iloc[chosen].reset_index(drop=True), ethnic[chosen]
        old = old[old["successor"].isin(new["code"])].reset_index(drop=True)
    district = district[district["code"].isin(old["district"])].reset_index(drop=True)
    return Province(
        new=new,
        old=old.assign(parent=old["successor"].map(pd.Series(new.index, index=new["code"])).astype(int)),
        district=district,
        groups=groups,
        official=tuple(regions["official"].get(group, group) for group in groups),
        ethnic=ethnic,
    )


def _with_people(new: pd.DataFrame, regions: dict[str, Any]) -> pd.DataFrame:
    """Add ``region`` and ``people`` (thousands): more where more communes were joined, within the region's range."""
    by_district = {code: name for name, region in regions["regions"].items() for code in region["districts"]}
    region = new["district"].map(by_district)
    usual = region.map({name: r["people"] for name, r in regions["regions"].items()}).astype(float)
    usual = usual * np.where(new["type"] == "phuong", regions["ward_factor"], 1.0)
    size = (new["merged"] / new["merged"].groupby(region).transform("mean")) ** 0.5
    least, most = (region.map({name: r["range"][k] for name, r in regions["regions"].items()}) for k in (0, 1))
    return new.assign(region=region, people=(usual * size).clip(least, most))


def _ethnic(new: pd.DataFrame, regions: dict[str, Any], groups: tuple[str, ...]) -> Floats:
    """Share of each group in each commune: the pattern by district, scaled to the shares of the province."""
    pattern = regions["ethnic"]
    shares = np.asarray([[pattern.get(d, pattern["default"]).get(g, 0.0) for g in groups] for d in new["district"]])
    tail = np.isin(np.asarray(groups, dtype=object), regions["tail"])
    rest = 100.0 - sum(regions["province"].values())
    wanted = np.where(tail, rest / max(int(tail.sum()), 1), [regions["province"].get(g, 0.0) for g in groups]) / 100
    shares = np.where(tail, 0.01, shares)
    weight = new["people"].to_numpy(float)[:, None] / new["people"].sum()
    for _ in range(200):
        shares = shares * (wanted / (shares * weight).sum(axis=0))
        shares = shares / shares.sum(axis=1, keepdims=True)
    return np.asarray(shares, dtype=np.float64)
