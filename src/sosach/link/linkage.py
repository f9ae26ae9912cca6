"""One run's linkage: on from the run before where that is possible, else in full.

Orchestration only. The steps of a full run are in ``match``; what a day has to look at again is in ``incremental``, and
how the day's result is joined with the old is in ``carry``.
"""

from collections.abc import Mapping

import duckdb

from sosach.duck import write_parquet
from sosach.lake import Run, write_json
from sosach.link import clusters, match, prints
from sosach.link.by_number import link_residence
from sosach.link.carry import carry
from sosach.link.certain import link_certain
from sosach.link.comparisons import VIETNAM
from sosach.link.engine import Model
from sosach.link.incremental import affected, find_changed
from sosach.link.incremental_leftovers import close_leftovers
from sosach.link.leftovers import group_leftovers
from sosach.link.mentions import collect
from sosach.link.model_file import save
from sosach.link.previous import Previous, load_prior, model_path, open_previous, previous, recipe, state_path
from sosach.link.subjects import join_subjects, score_subjects

ORDER = {
    "links": "register, record_id, role",
    "persons": "person_id",
    "link_pairs": (
        "register, record_id, role, weight DESC, subject_record_id, other_register, other_record_id, other_role"
    ),
    "person_changes": "person_id, other_person_id, change, register, record_id, role, reason",
    "stopped_clusters": "key, size, reason",
    "stopped_members": "key, id",
    "person_ids": "person_id",
    "record_prints": "register, record_id",
    "mention_prints": "register, record_id, role",
}
"""The tables of linkage and the order in which they are written; the order is total."""


def link(
    con: duckdb.DuckDBPyConnection, *, run_id: str, before: Run | None, model: Model | None = None
) -> tuple[Model, dict[str, int]]:
    """Make the tables of ``ORDER``; persons known to the run before keep their ids, linked in full or not.

    Args:
        con: a connection with registers, macros and code lists as ``open_tables`` makes them.
        run_id: the run.
        before: the finished run before, or None.
        model: link in full, with these parameters; None: on from the run before where it allows it, with its
            parameters, else in full with parameters learnt from these registers.

    Returns:
        The model, and counts: those of ``match.link_persons``; persons before, new, merged, split, gone and after; and
        either ``incremental`` 1 with what was looked at again, or ``incremental`` 0 and ``full_because_<reason>`` 1.
    """
    open_previous(con, before)
    con.execute(
        "CREATE OR REPLACE TEMP VIEW before_links AS FROM previous_links;"
        "CREATE OR REPLACE TEMP VIEW before_ids AS FROM previous_person_ids"
    )
    prints.make_record_prints(con)
    usable, why = (None, "asked_for") if model else previous(before, VIETNAM)
    if usable:
        if not find_changed(con):
            why = "many_records_changed"
        elif (counts := _day(con, run_id, usable)) is not None:
            return usable.model, {"incremental": 1, **counts}
        else:
            why = "person_at_limit"
    model, counts = match.link_persons(con, run_id=run_id, model=model)
    prints.make_mention_prints(con, "linked")
    con.execute("CREATE OR REPLACE TEMP TABLE person_ids AS SELECT DISTINCT person_id, first_run FROM cluster_person")
    return model, {"incremental": 0, f"full_because_{why}": 1, **counts}


def write(con: duckdb.DuckDBPyConnection, run: Run, model: Model) -> None:
    """Write the tables that :func:`link` made, the model and what else the next run needs into the run's folder."""
    write_tables(con, run, ORDER)
    save(model, model_path(run))
    write_json(state_path(run), {"recipe": recipe()})


def write_tables(con: duckdb.DuckDBPyConnection, run: Run, tables: Mapping[str, str]) -> None:
    """Write tables of the connection into the run's folder, each in its total order (name to columns)."""
    for name, order in tables.items():
        write_parquet(con, f"FROM {name}", run.table(name), order)


def _day(con: duckdb.DuckDBPyConnection, run_id: str, before: Previous) -> dict[str, int] | None:
    """Link what changed; None where a person's number of namings comes to the limit, which only a full run settles."""
    load_prior(con)
    counts = affected(con)
    clusters.start(con)
    collect(con, "inc_wanted")
    con.execute("CREATE OR REPLACE TEMP TABLE mentions AS FROM inc_mentions")
    join_subjects(con)
    link_certain(con)
    con.execute(match.LINKED_CERTAIN)
    match.decide_rest(con, before.model)
    link_residence(con)
    con.execute("""
    CREATE OR REPLACE TEMP TABLE linked AS FROM linked SEMI JOIN inc_affected USING (register, record_id, role);
    DELETE FROM open_ids WHERE id NOT IN (SELECT concat_ws('|', register, record_id, role) FROM inc_affected)""")
    if _at_limit(con, VIETNAM.max_cluster):
        return None
    close_leftovers(con)
    group_leftovers(con, VIETNAM, before.model)
    score_subjects(con, VIETNAM, before.model)
    con.execute("""
    CREATE OR REPLACE TEMP TABLE mentions AS FROM inc_mentions;
    DELETE FROM subject_pairs
    WHERE left_id NOT IN (SELECT id FROM inc_touched) AND right_id NOT IN (SELECT id FROM inc_touched);
    DELETE FROM leftover_pairs
    WHERE left_id NOT IN (SELECT id FROM inc_regrouped) AND right_id NOT IN (SELECT id FROM inc_regrouped)""")
    match.write_pairs(con, VIETNAM)
    return counts | carry(con, run_id) | match.count_all(con)


def _at_limit(con: duckdb.DuckDBPyConnection, max_size: int) -> bool:
    """Whether a subject of the day has too many namings, or had, or an affected naming was taken from such a one."""
    row = con.execute(f"""
    WITH day AS (SELECT subject_id, count(*) AS n FROM linked GROUP BY 1),
    person AS (
      SELECT d.*, p.person_id FROM day d
      LEFT JOIN previous_links p ON p.register = 'dan_cu' AND p.record_id = d.subject_id),
    others AS (
      SELECT person_id, count(*) AS n FROM previous_links SEMI JOIN person USING (person_id)
      ANTI JOIN inc_affected USING (register, record_id, role) ANTI JOIN inc_changed USING (register, record_id)
      WHERE register <> 'dan_cu' GROUP BY 1),
    stars AS (SELECT DISTINCT key FROM previous_stopped_members WHERE NOT contains(key, '|') AND contains(id, '|')),
    starred AS (SELECT id FROM previous_stopped_members SEMI JOIN stars USING (key))
    SELECT EXISTS (FROM person LEFT JOIN others USING (person_id) WHERE person.n + coalesce(others.n, 0) > {max_size})
      OR EXISTS (FROM starred JOIN linked ON linked.subject_id = starred.id)
      OR EXISTS (FROM starred JOIN inc_touched USING (id))
      OR EXISTS (FROM starred JOIN inc_affected a ON starred.id = concat_ws('|', a.register, a.record_id, a.role))
      OR EXISTS (FROM starred JOIN inc_changed c
        ON starred.id = c.record_id OR starts_with(starred.id, concat_ws('|', c.register, c.record_id, '')))
    """).fetchone()
    return bool(row and row[0])
