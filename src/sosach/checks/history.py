"""What a rule has found from run to run, read from the result tables that every run keeps.

Counts only. Holds no rule and no page.
"""

from dataclasses import dataclass
from datetime import date

from sosach.duck import connect, literal
from sosach.errors import MissingArtefactError
from sosach.manifest import read_manifest
from sosach.settings import Settings


@dataclass(frozen=True)
class PastResult:
    """One rule in one run; the counts are of records, or of units for a rule about figures."""

    as_of: date
    run_id: str
    rule_id: str
    rule_version: int
    status: str
    n_records: int
    n_pass: int
    n_fail: int
    n_undecided: int
    n_not_applicable: int


def history(settings: Settings, rule: str) -> list[PastResult]:
    """All results of the rules of a code (``KH01``) or of one rule (``KH01-2000``), the oldest run first.

    Args:
        settings: the installation.
        rule: a rule id, or the part of it before the first hyphen.

    Raises:
        MissingArtefactError: no run has been checked, or none of them had such a rule.
    """
    runs = sorted(path.parent for path in (settings.home / "runs").glob("*/rule_results.parquet"))
    if not runs:
        raise MissingArtefactError(f"{settings.home / 'runs'}: no run has been checked yet. Run the check stage first.")
    dated = []
    for folder in runs:
        run, manifest = read_manifest(settings, folder.name)
        results = f"SELECT * FROM read_parquet({literal(run.table('rule_results'))})"
        dated.append(f"SELECT DATE '{manifest.as_of}' AS as_of, {literal(run.run_id)} AS run_id, * FROM ({results})")
    columns = ", ".join(PastResult.__dataclass_fields__)
    with connect(settings) as con:
        rows = con.execute(
            f"SELECT {columns} FROM ({' UNION ALL BY NAME '.join(dated)}) "
            "WHERE rule_id = $rule OR split_part(rule_id, '-', 1) = $rule ORDER BY as_of, run_id, rule_id",
            {"rule": rule},
        ).fetchall()
    if not rows:
        raise MissingArtefactError(f"{rule}: none of the {len(runs)} checked runs had such a rule (sosach rules list).")
    return [PastResult(*row) for row in rows]
