"""Which namings without a subject have to be grouped again after a day's deliveries.

Holds the closure only; grouping is in ``leftovers``. Namings with a subject are in ``incremental``, whose tables this
reads.
"""

import duckdb

from sosach.link import prints
from sosach.link.blocking import RULES
from sosach.link.mentions import collect


def close_leftovers(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``inc_regrouped(id)``, namings without a subject that are to be grouped again, and ``mentions`` for that.

    Reads ``linked`` (of the affected namings). Those that share a key with one that came, changed or went are grouped
    again, and with them all that they were grouped with; ``mentions`` then also holds whoever shares a key with any of
    these, since a group of equal keys hangs together by its first.
    """
    unlinked = "NOT subject AND method = 'unlinked'"
    naming = "SELECT register, record_id, role FROM"
    went = f"({naming} inc_affected UNION ALL {naming} inc_old)"
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE inc_left AS
    FROM (FROM inc_mentions ANTI JOIN linked USING (id)) SEMI JOIN inc_affected USING (register, record_id, role);
    CREATE OR REPLACE TEMP TABLE inc_was_left AS
    SELECT register, record_id, role, record, person FROM prior
    SEMI JOIN {prints.with_record(went)} USING (record, role) WHERE {unlinked};
    CREATE OR REPLACE TEMP TABLE inc_key AS
    SELECT unnest({prints.keys(RULES)}) AS key FROM inc_left
    UNION SELECT unnest([pin_key, cmnd_key] || keys)
    FROM prior SEMI JOIN inc_was_left USING (record, role);
    CREATE OR REPLACE TEMP TABLE inc_near_left AS
    SELECT register, record_id, role, person FROM prior SEMI JOIN (
      {prints.sharing("inc_key", unlinked)}) USING (register, record_id, role) WHERE {unlinked}
    UNION SELECT register, record_id, role, person FROM inc_was_left;
    CREATE OR REPLACE TEMP TABLE inc_regroup AS
    SELECT register, record_id, role, record FROM prior SEMI JOIN inc_near_left USING (person) WHERE {unlinked}
    UNION
    SELECT register, record_id, role, record FROM prior WHERE {unlinked}
      AND concat_ws('|', register, record_id, role) IN (
        SELECT id FROM previous_stopped_members WHERE key IN (
          SELECT key FROM previous_stopped_members
          WHERE id IN (SELECT concat_ws('|', register, record_id, role) FROM inc_near_left)));
    CREATE OR REPLACE TEMP TABLE inc_key AS
    SELECT unnest({prints.keys(RULES)}) AS key FROM inc_left
    UNION SELECT unnest([pin_key, cmnd_key] || keys)
    FROM prior SEMI JOIN inc_regroup USING (record, role);
    CREATE OR REPLACE TEMP TABLE inc_beside AS
    SELECT register, record_id, role FROM (
      SELECT register, record_id, role FROM inc_regroup UNION ({prints.sharing("inc_key", unlinked)}))
    ANTI JOIN inc_affected USING (register, record_id, role) ANTI JOIN inc_changed USING (register, record_id);
    CREATE OR REPLACE TEMP TABLE inc_regrouped AS
    SELECT id FROM inc_left UNION SELECT concat_ws('|', register, record_id, role)
    FROM inc_regroup SEMI JOIN inc_beside USING (register, record_id, role)""")
    con.execute("CREATE OR REPLACE TEMP TABLE inc_subjects AS FROM subjects")
    collect(con, "inc_beside")
    con.execute("""
    CREATE OR REPLACE TEMP TABLE subjects AS FROM inc_subjects;
    DROP TABLE inc_subjects;
    CREATE OR REPLACE TEMP TABLE mentions AS
    FROM mentions SEMI JOIN inc_beside USING (register, record_id, role) UNION ALL BY NAME FROM inc_left""")
