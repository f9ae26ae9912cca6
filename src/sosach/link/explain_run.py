"""Why a record of a run was linked as it was: its link and the candidates beside it, in words and weights.

Reads ``links``, ``link_pairs`` and the model of a finished run; a link that was made without the model is scored now.
Says fields and words, no name; numbers are masked. Every look-up is logged before anything is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from sosach.duck import connect, identifier
from sosach.errors import SettingsError
from sosach.link import engine, model_file
from sosach.link.explain import LINKED, REFUSED, REVIEW, Explanation, explain_pair, explanation_lines
from sosach.link.mentions import collect
from sosach.manifest import read_manifest
from sosach.settings import Settings
from sosach.state.records import AccessRecord
from sosach.state.store import StateStore
from sosach.tables import open_tables

ACTION = "explain_link"
METHODS = {
    "pin": "liên kết theo số định danh",
    "cmnd": "liên kết theo số CMND",
    "exact_keys": "liên kết theo họ tên, ngày sinh và thân nhân (điều 11 TT 01/2022/TT-BTP)",
    "probable": "liên kết theo mô hình",
    "unlinked": "không liên kết với ai trong dân cư",
}
DECISIONS = {LINKED: "được liên kết", REVIEW: "chờ người xem", REFUSED: "bị loại"}
NOT_SCORED = "không chấm được: phía dân cư không còn bản ghi này"


@dataclass(frozen=True)
class Candidate:
    """A record that a mention was held against; ``key`` is masked, ``explanation`` is None where nothing was scored."""

    key: str
    decision: str
    margin: float | None
    explanation: Explanation | None


@dataclass(frozen=True)
class ExplainedLink:
    """One role of a record: how it was linked, and its candidates, the chosen one first, then by weight."""

    register: str
    role: str
    method: str
    candidates: tuple[Candidate, ...]


def explain_record(
    settings: Settings, run_id: str, register: str, record_key: str, role: str | None, actor: str, purpose: str
) -> tuple[engine.Model, list[ExplainedLink]]:
    """The links of a record with the model they were judged by.

    Args:
        settings: where the run and the access log are.
        run_id: a run whose link stage is done.
        register: of the record.
        record_key: natural key as in ``links``, or the record id.
        role: one role of the record; None: all.
        actor: who asks.
        purpose: what for.

    Raises:
        SettingsError: nobody is named, the run has no such record, or its model does not fit this version.
        MissingArtefactError: the link stage is not done.
    """
    if not actor.strip():
        raise SettingsError("--actor: personal data is looked up by somebody; say who.")
    run, manifest = read_manifest(settings, run_id)
    model = model_file.load(run.root / model_file.FILE)
    with connect(settings) as con:
        open_tables(con, settings.expectations, run, needed=("links", "link_pairs", "persons"))
        links = _rows(
            con,
            "SELECT record_id, role, person_id, method FROM links WHERE register = $1 "
            "AND (record_key = $2 OR record_id = $2) AND ($3 IS NULL OR role = $3) ORDER BY record_id, role",
            [register, record_key, role],
        )
        if not links:
            raise SettingsError(
                f"run {run_id}: {register} has no such record and role among the links. "
                "Give the key or the record id as they stand in links.parquet."
            )
        units = _rows(
            con,
            f"SELECT DISTINCT coalesce(unit, 'TINH') AS unit FROM {identifier(register)} "
            "WHERE record_key = $1 OR record_id = $1 ORDER BY 1",
            [record_key],
        )
        with StateStore(settings.state_url) as store:
            store.log_access(
                AccessRecord(run_id, actor.strip(), ACTION, str(u["unit"]), purpose, len(links), manifest.as_of)
                for u in units or [{"unit": "TINH"}]
            )
        return model, [_explain(con, model, register, link) for link in links]


def _explain(
    con: duckdb.DuckDBPyConnection, model: engine.Model, register: str, link: Mapping[str, Any]
) -> ExplainedLink:
    pairs = _rows(
        con,
        """SELECT p.*, coalesce(s.so_dinh_danh, s.so_cmnd) AS number,
          concat_ws(' ', other_register, other_role) AS other
        FROM link_pairs p LEFT JOIN dan_cu s ON s.record_id = p.subject_record_id
        WHERE p.register = $1 AND p.record_id = $2 AND p.role = $3
        ORDER BY p.decision <> 'linked', p.weight DESC, p.subject_record_id, p.other_register, p.other_record_id""",
        [register, link["record_id"], link["role"]],
    )
    candidates = [
        Candidate(_masked(con, p["number"], p["other"]), str(p["decision"]), p["margin"], _judged(model, p))
        for p in pairs
    ]
    if not any(c.decision == LINKED for c in candidates) and link["method"] not in ("unlinked", "probable"):
        candidates.insert(0, _score_now(con, model, register, link))
    return ExplainedLink(register, str(link["role"]), str(link["method"]), tuple(candidates))


def _judged(model: engine.Model, pair: Mapping[str, Any]) -> Explanation | None:
    return None if pair["weight"] is None else explain_pair(model, pair, str(pair["decision"]))


def _score_now(
    con: duckdb.DuckDBPyConnection, model: engine.Model, register: str, link: Mapping[str, Any]
) -> Candidate:
    """A link by number or by the law's keys, held against the person's dan_cu record with the model."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE explained AS SELECT $1 AS register, $2 AS record_id "
        "UNION ALL SELECT 'dan_cu', record_id FROM persons WHERE person_id = $3",
        [register, link["record_id"], link["person_id"]],
    )
    collect(con, "explained")
    for table in ("mentions", "subjects"):
        present = {str(row[0]) for row in con.execute(f"DESCRIBE {table}").fetchall()}
        missing = "".join(f", NULL::VARCHAR[] AS {c}" for c in model.config.columns if c not in present)
        con.execute(f"CREATE OR REPLACE TEMP TABLE explained_{table} AS SELECT *{missing} FROM {table}")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE explained_pairs AS SELECT m.id AS left_id, s.id AS right_id "
        "FROM mentions m CROSS JOIN subjects s WHERE m.role = $1",
        [link["role"]],
    )
    scored = engine.score(con, model.config, model, "explained_mentions", "explained_subjects", "explained_pairs")
    rows = _rows(
        con,
        f"SELECT s.*, coalesce(d.so_dinh_danh, d.so_cmnd) AS number FROM {scored} s "
        "JOIN dan_cu d ON d.record_id = s.right_id ORDER BY s.weight DESC, s.right_id LIMIT 1",
        [],
    )
    if not rows:
        return Candidate(NOT_SCORED, LINKED, None, None)
    return Candidate(_masked(con, rows[0]["number"], ""), LINKED, None, explain_pair(model, rows[0]))


def _masked(con: duckdb.DuckDBPyConnection, number: str | None, other: str) -> str:
    """How an officer sees a candidate: the masked number, or where it stands."""
    if number is None:
        return f"bản ghi {other}".strip() if other else "bản ghi dân cư không có số"
    return "dân cư " + str(con.execute("SELECT mask_id($1)", [number]).fetchall()[0][0])


def _rows(con: duckdb.DuckDBPyConnection, query: str, values: list[Any]) -> list[dict[str, Any]]:
    result = con.execute(query, values)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _beside(margin: float) -> str:
    """How far the best candidate is ahead, or another behind it."""
    words = "hơn ứng viên sau" if margin >= 0 else "kém ứng viên đầu"
    return f", {words} {abs(margin):.1f}".replace(".", ",")


def link_lines(links: list[ExplainedLink]) -> list[str]:
    """The explanation of a record's links as lines for a terminal."""
    lines = []
    for link in links:
        lines.append(f"{link.register} · {link.role}: {METHODS.get(link.method, link.method)}")
        for candidate in link.candidates:
            margin = "" if candidate.margin is None else _beside(candidate.margin)
            lines.append(f"  {candidate.key}: {DECISIONS.get(candidate.decision, candidate.decision)}{margin}")
            if candidate.explanation is not None:
                lines += [f"    {line}" for line in explanation_lines(candidate.explanation)]
    return lines
