"""Gathers a run's figures into ``ReportData``. Reads the run's tables; writes nothing and prints nothing."""

from typing import Any

import duckdb

from sosach.campaign.deliveries import due_rows
from sosach.campaign.model import Campaign, CampaignTask
from sosach.checks.catalogue import Catalogue
from sosach.errors import MissingArtefactError
from sosach.lake import Lake, Run, read_json
from sosach.link.doubts import REASONS
from sosach.manifest import Manifest
from sosach.registers import load_registers
from sosach.report.model import (
    CampaignCounts,
    CampaignRow,
    ClassRow,
    DimensionRow,
    IssueBalance,
    ReasonRow,
    RefusedDelivery,
    RegisterRow,
    ReportData,
    RuleRow,
    Share,
    Task,
    Unit,
)
from sosach.settings import Settings

COUNT_COLUMNS = tuple(CampaignCounts.__dataclass_fields__)

# Titles of the classes of the status comparison (derived status beside recorded status).
CLASS_TITLES = {
    "KHOP": "Khớp đúng",
    "A1": "Còn trống, không thấy sự kiện hộ tịch",
    "A2": "Còn trống, sổ ghi đang có vợ/chồng",
    "A3": "Còn trống, bản án ghi đã ly hôn",
    "A4": "Còn trống, vợ/chồng đã chết",
    "B1": "Ghi đang có vợ/chồng nhưng thiếu bản ghi kết hôn",
    "B2": "Ghi ly hôn nhưng thiếu bản án",
    "B3": "Ghi góa nhưng thiếu khai tử hoặc kết hôn",
    "C1": "Ghi chưa kết hôn nhưng sổ ghi đang có vợ/chồng",
    "C2": "Ghi ly hôn nhưng sổ ghi đang có vợ/chồng",
    "C3": "Ghi góa nhưng sổ ghi đang có vợ/chồng",
    "C4": "Ghi chưa kết hôn nhưng bản án ghi đã ly hôn",
    "C5": "Chưa cập nhật ly hôn",
    "C6": "Ghi góa nhưng bản án ghi đã ly hôn",
    "C7": "Ghi chưa kết hôn nhưng vợ/chồng đã chết",
    "C8": "Chưa cập nhật vợ/chồng đã chết",
    "C9": "Ghi ly hôn nhưng vợ/chồng đã chết",
    "D1": "Khác vợ/chồng giữa hai cơ sở dữ liệu",
    "E1": "Nghi có hai hôn nhân cùng lúc",
    "F1": "Có đăng ký kết hôn khi chưa đủ tuổi, hoặc sai ngày sinh",
}

CLASS_CODES = {"KHOP": "Khớp"}  # printed form where it differs from the code

UNIT_KINDS = {"phuong": "Phường", "xa": "Xã"}
OUTSIDE = Unit("TINH", "Chưa xác định được xã, phường")


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    cursor = con.execute(query)
    names = [d[0] for d in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def load_units(con: duckdb.DuckDBPyConnection) -> dict[str, Unit]:
    """Today's communes by code, and the bucket of records that no commune answers for."""
    found = _rows(con, "SELECT code, name, type FROM cl_don_vi WHERE level = 'xa' AND valid_to IS NULL ORDER BY code")
    units = {row["code"]: Unit(row["code"], f"{UNIT_KINDS[row['type']]} {row['name']}") for row in found}
    return {**units, OUTSIDE.code: OUTSIDE}


def _campaign_rows(
    con: duckdb.DuckDBPyConnection, units: dict[str, Unit], min_ranked: int, before: Run | None
) -> tuple[list[CampaignRow], Share | None]:
    """Rank on the exact fraction, ties share the rank; units below the minimum and the outside bucket have none."""
    previous: dict[str, Share] = {}
    if before is not None and before.table("campaign_units").is_file():
        source = str(before.table("campaign_units"))
        for unit, matching, scope in con.execute(
            "SELECT unit, matching, in_scope FROM read_parquet(?)", [source]
        ).fetchall():
            previous[unit] = Share(matching, scope)
    ranked = _rows(
        con,
        f"""WITH ranked AS (
              SELECT unit, rank() OVER (ORDER BY matching::DECIMAL(18, 0) / in_scope DESC) AS place
              FROM campaign_units WHERE in_scope >= {int(min_ranked)} AND unit <> '{OUTSIDE.code}')
            SELECT u.*, r.place FROM campaign_units u LEFT JOIN ranked r USING (unit)
            WHERE u.in_scope > 0 OR u.certificates > 0 OR u.unit <> '{OUTSIDE.code}'
            ORDER BY r.place NULLS LAST, u.unit""",
    )
    rows = [
        CampaignRow(
            unit=units[row["unit"]],
            counts=CampaignCounts(**{c: row[c] for c in COUNT_COLUMNS}),
            rank=row["place"],
            previous_clean=previous.get(row["unit"]),
        )
        for row in ranked
    ]
    total = (
        Share(sum(s.numerator for s in previous.values()), sum(s.denominator for s in previous.values()))
        if previous
        else None
    )
    return rows, total


def _classes(con: duckdb.DuckDBPyConnection) -> list[ClassRow]:
    found = _rows(
        con,
        """SELECT class, "group", count(*) AS n FROM marital_status WHERE in_scope GROUP BY ALL ORDER BY class""",
    )
    return [
        ClassRow(CLASS_CODES.get(r["class"], r["class"]), CLASS_TITLES[r["class"]], r["group"], r["n"]) for r in found
    ]


def _reasons(con: duckdb.DuckDBPyConnection) -> list[ReasonRow]:
    """In the order of ``REASONS``: those who can be confirmed first."""
    found = dict(con.execute("SELECT reason, count(*) FROM marital_status WHERE in_scope GROUP BY reason").fetchall())
    return [ReasonRow(code, title, int(found[code])) for code, title in REASONS.items() if code in found]


def _dimensions(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> list[DimensionRow]:
    """Records without an open warning or error in a dimension, among those of the registers that have rules in it."""
    pairs = sorted({(rule.dimension, rule.register_id) for rule in catalogue.counted})
    records = " UNION ALL ".join(
        f"SELECT '{d}' AS dimension, '{r}' AS register, record_id, unit FROM {r}" for d, r in pairs
    )
    found = _rows(
        con,
        f"""WITH records AS ({records}),
        dirty AS (
          SELECT DISTINCT dimension, register, record_id FROM violations WHERE NOT mended AND severity <> 'info')
        SELECT dimension, unit, count(*) FILTER (d.record_id IS NULL) AS clean, count(*) AS n
        FROM records r LEFT JOIN dirty d USING (dimension, register, record_id)
        GROUP BY GROUPING SETS ((dimension, unit), (dimension)) ORDER BY dimension, unit NULLS FIRST""",
    )
    return [DimensionRow(r["dimension"], r["unit"], Share(r["clean"], r["n"])) for r in found]


def _rules(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, titles: dict[str, str]) -> list[RuleRow]:
    by_unit: dict[str, list[tuple[str, int, int]]] = {}
    for rule_id, unit, failed, decided in con.execute(
        "SELECT rule_id, unit, n_fail - n_mended, n_pass + n_fail FROM rule_results_by_unit ORDER BY rule_id, unit"
    ).fetchall():
        by_unit.setdefault(rule_id, []).append((unit, failed, decided))
    results = {row["rule_id"]: row for row in _rows(con, "SELECT * FROM rule_results")}
    rows = []
    for rule in catalogue.counted:
        result = results[rule.id]
        rows.append(
            RuleRow(
                rule_id=rule.id,
                version=rule.version,
                register_id=rule.register_id,
                register_title=titles[rule.register_id],
                dimension=rule.dimension,
                severity=rule.severity,
                answer=rule.answer,
                title=rule.title,
                message=rule.message,
                what_to_do=rule.what_to_do,
                law=tuple(law.text for law in rule.law),
                status=result["status"],
                passed=result["n_pass"] or 0,
                failed=result["n_fail"] or 0,
                undecided=result["n_undecided"] or 0,
                not_applicable=result["n_not_applicable"] or 0,
                mended=result["n_mended"] or 0,
                records_failed_by_unit=tuple(by_unit.get(rule.id, ())),
            )
        )
    return rows


def _registers(run: Run, manifest: Manifest, titles: dict[str, str]) -> list[RegisterRow]:
    balance = read_json(run.stage("normalize"))["registers"]
    rows = []
    for register, title in titles.items():
        counts = balance[register]
        rows.append(
            RegisterRow(
                register_id=register,
                title=title,
                deliveries=sum(d["register"] == register for d in manifest.deliveries),
                refused=sum(r["register"] == register for r in manifest.refused),
                rows_delivered=counts["rows_raw"],
                rows_core=counts["rows_core"],
                rows_quarantined=counts["rows_quarantined"],
                rows_superseded=counts["rows_superseded"],
            )
        )
    return rows


def _refused(entry: dict[str, object]) -> RefusedDelivery:
    """The reason without the file name that it begins with: the name stands beside it."""
    name = str(entry["file_name"])
    return RefusedDelivery(str(entry["register"]), name, str(entry["reason"]).removeprefix(f"{name}: "))


def _progress(con: duckdb.DuckDBPyConnection, task: CampaignTask, totals: CampaignCounts) -> Share | None:
    match task.progress:
        case "clean":
            return Share(totals.matching, totals.in_scope)
        case "with_status":
            return Share(totals.with_status, totals.in_scope)
        case "confirmable":
            return Share(totals.confirmable, totals.in_scope)
        case "noted_judgments":  # marriage entries ended by a judgment that bear its note, of those that should
            row = con.execute("SELECT n_pass, n_pass + n_fail FROM rule_results WHERE rule_id = 'LH05'").fetchone()
            return Share(row[0], row[1]) if row else None


def gather(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    run: Run,
    manifest: Manifest,
    campaign: Campaign,
    catalogue: Catalogue,
) -> ReportData:
    """All figures of the site and the official report.

    Args:
        con: a connection with the run's tables (issues, violations, rule_results, marital_status, campaign_units …).
        settings: the installation.
        run: the run's folder.
        manifest: the run's manifest.
        campaign: the declaration.
        catalogue: the rules that were run.

    Raises:
        MissingArtefactError: the rules on disk are not the ones that the run was opened with.
    """
    if catalogue.version != manifest.catalogue:
        raise MissingArtefactError(
            f"Run {run.run_id} was opened with rule catalogue {manifest.catalogue}, "
            f"the files now are {catalogue.version}. Open a new run (sosach run)."
        )
    titles = {name: register.title for name, register in load_registers(settings.expectations).items()}
    before = Lake(settings.home).run(manifest.previous_run_id) if manifest.previous_run_id else None
    units = load_units(con)
    rows, previous_clean = _campaign_rows(con, units, campaign.min_ranked, before)
    totals = CampaignCounts(**{c: sum(getattr(row.counts, c) for row in rows) for c in COUNT_COLUMNS})
    balance = read_json(run.stage("issues"))
    return ReportData(
        run_id=run.run_id,
        as_of=manifest.as_of,
        campaign_id=campaign.campaign_id,
        campaign_title=campaign.title,
        campaign_from=campaign.begins,
        campaign_to=campaign.ends,
        province=campaign.province,
        superior=campaign.superior,
        issuer=campaign.issuer,
        place=campaign.place,
        catalogue_version=manifest.catalogue,
        small_cell=settings.small_cell,
        min_ranked=campaign.min_ranked,
        totals=totals,
        previous_clean=previous_clean,
        rows=tuple(rows),
        classes=tuple(_classes(con)),
        dimensions=tuple(_dimensions(con, catalogue)),
        rules=tuple(_rules(con, catalogue, titles)),
        registers=tuple(_registers(run, manifest, titles)),
        refused=tuple(_refused(entry) for entry in manifest.refused),
        issues=IssueBalance(**{k: balance[f"settle_{k}"] for k in IssueBalance.__dataclass_fields__}),
        outcome_rules=campaign.outcome_rules,
        tasks=tuple(
            Task(
                t.what,
                t.who,
                t.with_whom,
                t.responsibility,
                t.authority,
                t.deadline,
                t.product,
                _progress(con, t, totals),
            )
            for t in campaign.tasks
        ),
        due=tuple(due_rows(con, run, titles, units)),
        reasons=tuple(_reasons(con)),
    )
