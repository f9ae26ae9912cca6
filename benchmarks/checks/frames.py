"""Both registers as polars frames, with the columns that rules across records need. For the peers' environment only."""

from pathlib import Path

import polars as pl

from benchmarks.checks import mix


def citizens(core: Path) -> pl.DataFrame:
    """The citizens' columns that rules read."""
    return pl.read_parquet(core / f"{mix.CITIZENS}.parquet", columns=list(mix.CITIZEN_COLUMNS))


def marriages(core: Path, people: pl.DataFrame) -> pl.DataFrame:
    """The marriages, each with the birth dates of its two citizens, whether they exist, and whether one is taken."""
    found = pl.read_parquet(core / f"{mix.MARRIAGES}.parquet", columns=list(mix.MARRIAGE_COLUMNS))
    births = (
        people.lazy()
        .filter(pl.col("so_dinh_danh").is_not_null())
        .group_by("so_dinh_danh")
        .agg(pl.col("ngay_sinh").max())
        .with_columns(there=pl.lit(True))
    )
    active = found.lazy().filter(pl.col("trang_thai") == mix.IN_FORCE)
    out = found.lazy()
    for side in ("chong", "vo"):
        pin = f"{side}_so_dinh_danh"
        taken = active.filter(pl.col(pin).is_not_null()).group_by(pin).agg(pl.len().alias(f"{side}_active"))
        known = births.rename({"so_dinh_danh": pin, "ngay_sinh": f"{side}_birth", "there": f"{side}_there"})
        out = out.join(known, on=pin, how="left", maintain_order="left")
        out = out.join(taken, on=pin, how="left", maintain_order="left")
    return out.collect()


PIN_FIGURES = pl.format(
    "{}{}",
    2 * (pl.col("ngay_sinh").dt.year() // 100 - 19) + (pl.col("gioi_tinh") == "Nữ").cast(pl.Int32),
    pl.col("ngay_sinh").dt.to_string("%y"),
)
PIN_FITS = (
    pl.col("so_dinh_danh").str.slice(3, 3).eq(PIN_FIGURES)
    | ~pl.col("so_dinh_danh").str.contains(f"^{mix.PIN}$")
    | ~pl.col("gioi_tinh").is_in(mix.SEXES)
    | ~pl.col("ngay_sinh").dt.year().is_between(1900, 2099)
).fill_null(value=True)
"""R15 as an expression: TRUE where the rule holds or does not apply."""
OF_AGE = ~(
    (pl.col("ngay_dang_ky") < pl.col("chong_birth").dt.offset_by("20y")).fill_null(value=False)
    | (pl.col("ngay_dang_ky") < pl.col("vo_birth").dt.offset_by("18y")).fill_null(value=False)
)
"""R20."""
NOT_TAKEN = (
    (pl.col("trang_thai") != mix.IN_FORCE)
    | ~((pl.col("chong_active") > 1).fill_null(value=False) | (pl.col("vo_active") > 1).fill_null(value=False))
)  # fmt: skip
"""R19."""


def free_of_twins(*columns: str) -> pl.Expr:
    """TRUE where a key is incomplete or stands once."""
    incomplete = pl.any_horizontal(pl.col(column).is_null() for column in columns)
    return incomplete | ~pl.struct(columns).is_duplicated()


def there(side: str) -> pl.Expr:
    """R17 and R18: TRUE where no citizen is named or the one named exists."""
    return pl.col(f"{side}_so_dinh_danh").is_null() | pl.col(f"{side}_there").is_not_null()
