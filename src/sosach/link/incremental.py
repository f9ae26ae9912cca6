"""Which namings have to be decided again after a day's deliveries, and which records have to be at hand for that.

Holds the closure only; deciding is the same code for a day as for all (``match``), joining the old and the new is in
``carry``. What a decision rests on, and so what is looked up here:

* a sure link: subjects with the same number, or the same name and birth date, and who of them are one person;
* any other: subjects that share a blocking key, and the links of the same record, of the record that it refers to and
  of namings with the same number, with the relatives by number of the subjects that these point to: sure links in the
  first round, those of the first round in the second, all of them for a residence record;
* whether subjects are one person: a number, or name and birth date, in common.
"""

import duckdb

from sosach.link import clusters, prints
from sosach.link.mentions import SUBJECTS, collect
from sosach.link.subjects import join_subjects

MOST_CHANGED = 0.1
"""Above this share of changed records everything is linked again: it is no slower and the model learns."""

BUCKETS = 65_536
ROUNDS = 3
"""How far links reach: from sure ones to the first round, from this to the second, from that to residence records."""

# An entry that refers to another one: register, SQL of the other's record key, the other's register.
_REFERENCES = (
    ("thay_doi_ho_tich", "concat_ws('|', goc_noi_dang_ky, goc_quyen_so, goc_so)", "khai_sinh"),
    ("ly_hon", "concat_ws('|', ket_hon_noi_dang_ky, ket_hon_quyen_so, ket_hon_so)", "ket_hon"),
)
_SUBJECT = f"register = '{SUBJECTS.register}'"
_OPEN = "method IN ('probable', 'unlinked')"


def find_changed(con: duckdb.DuckDBPyConnection) -> bool:
    """Create ``inc_changed(register, record_id, state)``: records that are ``new``, ``changed`` or ``gone`` since.

    Compares ``record_prints`` with ``previous_record_prints``: sums over small buckets first, then the records of those
    that differ.

    Returns:
        Whether so few changed that linking them alone is worth while.
    """
    for name in ("record_prints", "previous_record_prints"):
        con.execute(f"""
        CREATE OR REPLACE TEMP TABLE inc_buckets_{name} AS
        SELECT register, hash(record_id) % {BUCKETS} AS bucket, sum(hash(record_id, fingerprint)) AS total
        FROM {name} GROUP BY ALL""")
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE inc_buckets AS
    SELECT register, bucket
    FROM inc_buckets_record_prints n FULL JOIN inc_buckets_previous_record_prints b USING (register, bucket)
    WHERE n.total IS DISTINCT FROM b.total;
    DROP TABLE inc_buckets_record_prints;
    DROP TABLE inc_buckets_previous_record_prints;
    CREATE OR REPLACE TEMP TABLE inc_changed AS
    SELECT register, record_id, CASE WHEN b.fingerprint IS NULL THEN 'new' WHEN n.fingerprint IS NULL THEN 'gone'
      ELSE 'changed' END AS state
    FROM ({_in_buckets("record_prints")}) n FULL JOIN ({_in_buckets("previous_record_prints")}) b
      USING (register, record_id)
    WHERE n.fingerprint IS DISTINCT FROM b.fingerprint""")
    row = con.execute("SELECT (SELECT count(*) FROM inc_changed), (SELECT count(*) FROM record_prints)").fetchone()
    assert row is not None
    return int(row[0]) <= MOST_CHANGED * int(row[1])


def _in_buckets(table: str) -> str:
    return (
        f"SELECT r.* FROM {table} r SEMI JOIN inc_buckets b "
        f"ON b.register = r.register AND b.bucket = hash(r.record_id) % {BUCKETS}"
    )


def affected(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Create what a day's linkage works on.

    Reads ``inc_changed``, ``previous_<table>`` and the registers. Makes ``inc_affected(register, record_id, role)``,
    the namings to be decided again; ``inc_touched(id)``, subjects whose pairs with others are to be looked at again;
    ``inc_mentions``, profiles of the affected and of those that they rest on; ``inc_wanted(register, record_id)``, the
    records of ``dan_cu`` with which these are decided as with all.

    Returns:
        Counts: records changed, namings affected, subjects and records at hand.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE inc_none (id VARCHAR, method VARCHAR)")
    _collect(con, "SELECT register, record_id FROM inc_changed WHERE state <> 'gone'", "inc_fresh")
    con.execute("""
    CREATE OR REPLACE TEMP TABLE inc_fresh_keys AS SELECT DISTINCT register, record_id, record_key FROM mentions;
    CREATE OR REPLACE TEMP TABLE inc_old AS
    SELECT register, record_id, role, pin_key, cmnd_key, keys, ties, record_key
    FROM prior SEMI JOIN inc_changed USING (register, record_id)""")
    _touched_subjects(con)
    _first(con)
    _dependent(con)
    _at_hand(con)
    row = con.execute(
        "SELECT (SELECT count(*) FROM inc_changed), (SELECT count(*) FROM inc_affected), "
        f"count(*) FILTER ({_SUBJECT}), count(*) FROM inc_wanted"
    ).fetchone()
    assert row is not None
    names = ("records_changed", "mentions_affected", "subjects_at_hand", "records_at_hand")
    return dict(zip(names, (int(n) for n in row), strict=True))


def _collect(con: duckdb.DuckDBPyConnection, wanted: str, into: str) -> None:
    """Profiles of the wanted records, and table ``into`` with all their hashed keys."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE inc_wanted AS SELECT DISTINCT register, record_id FROM ({wanted})")
    collect(con, "inc_wanted")
    prints.make_mention_prints(con, "inc_none")
    con.execute(f"CREATE OR REPLACE TEMP TABLE {into} AS FROM mention_prints")


def _touched_subjects(con: duckdb.DuckDBPyConnection) -> None:
    """``inc_touched``: subjects that changed, and those that are or were one person with one that changed."""
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE inc_key AS
    SELECT DISTINCT unnest([pin_key, cmnd_key] || {prints.keys(prints.EXACT)}) AS key
    FROM inc_fresh JOIN subjects USING (register, record_id);
    CREATE OR REPLACE TEMP TABLE inc_mates AS
    SELECT DISTINCT record_id AS id FROM prior SEMI JOIN (
      SELECT person FROM prior SEMI JOIN {prints.with_record("inc_changed")} USING (record) WHERE subject
    ) USING (person) WHERE subject;
    CREATE OR REPLACE TEMP TABLE inc_near AS
    SELECT record_id AS id FROM inc_fresh WHERE {_SUBJECT} UNION SELECT id FROM inc_mates
    UNION SELECT record_id FROM ({prints.sharing("inc_key", "subject")})""")
    _close_persons(con, "inc_near")
    clusters.start(con)
    _collect(con, f"SELECT '{SUBJECTS.register}' AS register, id AS record_id FROM inc_near", "inc_near_keys")
    join_subjects(con)
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE inc_touched AS
    SELECT id FROM subjects WHERE person IN (
      SELECT person FROM subjects WHERE id IN (
        SELECT record_id FROM inc_fresh WHERE {_SUBJECT} UNION ALL SELECT id FROM inc_mates))""")


def _close_persons(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Add to ``table(id)`` the subjects that were one person with one of it, or would have been but for the guard."""
    con.execute(f"""
    INSERT INTO {table}
    SELECT DISTINCT id FROM (
      SELECT record_id AS id FROM prior WHERE subject AND person IN (
        SELECT person FROM prior
        SEMI JOIN (SELECT hash('{SUBJECTS.register}', id) AS record FROM {table}) USING (record) WHERE subject)
      UNION ALL
      SELECT id FROM previous_stopped_members WHERE key IN (
        SELECT key FROM previous_stopped_members SEMI JOIN {table} USING (id)))
    ANTI JOIN {table} USING (id)""")


def _first(con: duckdb.DuckDBPyConnection) -> None:
    """``inc_affected`` so far: namings that changed, that share a key with a touched subject or were linked to one."""
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE inc_subject_prints AS
    FROM inc_near_keys SEMI JOIN inc_touched t ON t.id = record_id
    UNION ALL SELECT * EXCLUDE (record_key) FROM inc_old WHERE {_SUBJECT};
    CREATE OR REPLACE TEMP TABLE inc_key AS
    SELECT DISTINCT unnest([pin_key, cmnd_key] || keys) AS key FROM inc_subject_prints;
    CREATE OR REPLACE TEMP TABLE inc_person AS
    SELECT DISTINCT person FROM prior SEMI JOIN {prints.with_record("inc_subject_prints")} USING (record) WHERE subject;
    CREATE OR REPLACE TEMP TABLE inc_affected AS
    SELECT register, record_id, role FROM inc_fresh WHERE NOT {_SUBJECT}
    UNION
    SELECT register, record_id, role FROM (
      ({prints.sharing("inc_key", "NOT subject")})
      UNION ALL
      SELECT register, record_id, role FROM prior SEMI JOIN inc_person USING (person) WHERE NOT subject
    ) ANTI JOIN inc_changed USING (register, record_id)""")


def _dependent(con: duckdb.DuckDBPyConnection) -> None:
    """Add the namings whose relatives, related entries or numbers speak of what is affected, as far as links reach."""
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE inc_key AS
    SELECT DISTINCT unnest(ties) AS key FROM inc_subject_prints UNION SELECT pin_key FROM inc_subject_prints;
    CREATE OR REPLACE TEMP TABLE inc_person AS
    SELECT DISTINCT person FROM prior WHERE n IN ({_tied("inc_key")});
    CREATE OR REPLACE TEMP TABLE inc_frontier AS
    SELECT register, record_id, record_key, pin_key
    FROM inc_fresh JOIN inc_fresh_keys USING (register, record_id) WHERE NOT {_SUBJECT}
    UNION SELECT register, record_id, record_key, pin_key
    FROM inc_old WHERE NOT {_SUBJECT}
    UNION SELECT register, record_id, record_key, NULL FROM prior SEMI JOIN inc_person USING (person) WHERE NOT subject;
    INSERT INTO inc_frontier {_reached("inc_affected")}""")
    for _ in range(ROUNDS):
        asking = " UNION ALL ".join(
            f"SELECT '{register}' AS register, record_id FROM {register} "
            f"WHERE {key} IN (SELECT record_key FROM inc_frontier WHERE register = '{other}')"
            for register, key, other in _REFERENCES
        )
        con.execute(f"""
        CREATE OR REPLACE TEMP TABLE inc_added AS
        SELECT register, record_id, role FROM prior SEMI JOIN inc_frontier USING (pin_key)
        WHERE NOT subject AND ({_OPEN} OR register = 'cu_tru')
        UNION SELECT register, record_id, role FROM prior SEMI JOIN
          {prints.with_record(f"(SELECT register, record_id FROM inc_frontier UNION ALL ({asking}))")} USING (record)
        WHERE NOT subject AND {_OPEN};
        DELETE FROM inc_added WHERE (register, record_id) IN (SELECT (register, record_id) FROM inc_changed)
          OR (register, record_id, role) IN (SELECT (register, record_id, role) FROM inc_affected);
        INSERT INTO inc_affected FROM inc_added;
        CREATE OR REPLACE TEMP TABLE inc_frontier AS {_reached("inc_added")}""")


def _reached(table: str) -> str:
    """SELECT of unchanged namings with what others may refer to them by."""
    return (
        f"SELECT register, record_id, record_key, pin_key FROM prior "
        f"SEMI JOIN {prints.with_record(table)} USING (record, role)"
    )


def _tied(wanted: str) -> str:
    """SELECT the row in ``prior`` of former subjects that bear a hashed number or name it as a relative's."""
    return (
        f"SELECT n FROM prior SEMI JOIN {wanted} w ON pin_key = w.key WHERE subject UNION "
        f"SELECT n FROM (SELECT n, unnest(ties) AS key FROM prior WHERE subject) SEMI JOIN {wanted} USING (key)"
    )


def _at_hand(con: duckdb.DuckDBPyConnection) -> None:
    """``inc_wanted``: the affected namings, those whose links they rest on, and all subjects that either may have."""
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE inc_support AS
    SELECT register, record_id, pin_key, true AS open FROM inc_fresh WHERE NOT {_SUBJECT}
    UNION SELECT register, record_id, pin_key, true
    FROM prior SEMI JOIN {prints.with_record("inc_affected")} USING (record, role);
    CREATE OR REPLACE TEMP TABLE inc_frontier AS FROM inc_support""")
    for _ in range(ROUNDS):
        asked = " UNION ALL ".join(
            f"SELECT '{other}' AS register, {key} AS record_key FROM {register} "
            f"WHERE record_id IN (SELECT record_id FROM inc_frontier WHERE register = '{register}')"
            for register, key, other in _REFERENCES
        )
        con.execute(f"""
        CREATE OR REPLACE TEMP TABLE inc_frontier AS
        SELECT register, record_id, pin_key, {_OPEN} AS open FROM prior WHERE NOT subject AND n IN (
          SELECT n FROM prior SEMI JOIN inc_frontier USING (pin_key)
          UNION SELECT n FROM prior SEMI JOIN {prints.with_record("inc_frontier")} USING (record)
          UNION SELECT n FROM (FROM prior WHERE register IN ({", ".join(f"'{r}'" for _, _, r in _REFERENCES)}))
            SEMI JOIN ({asked}) USING (register, record_key));
        DELETE FROM inc_frontier WHERE (register, record_id) IN (SELECT (register, record_id) FROM inc_changed);
        INSERT INTO inc_support FROM inc_frontier;
        DELETE FROM inc_frontier WHERE NOT open""")
    _collect(con, "SELECT register, record_id FROM inc_support", "inc_support_keys")
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE inc_record AS FROM inc_wanted;
    CREATE OR REPLACE TEMP TABLE inc_mentions AS FROM mentions;
    CREATE OR REPLACE TEMP TABLE inc_key AS
    SELECT DISTINCT unnest([pin_key, cmnd_key] || {prints.keys(prints.EXACT)}) AS key
    FROM inc_support_keys JOIN mentions USING (register, record_id, role);
    CREATE OR REPLACE TEMP TABLE inc_near AS
    SELECT record_id AS id FROM inc_fresh WHERE {_SUBJECT} UNION SELECT id FROM inc_touched
    UNION SELECT record_id FROM ({prints.sharing("inc_key", "subject")})""")
    _add_tied(con)
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE inc_key AS
    SELECT DISTINCT unnest(keys) AS key FROM inc_support_keys
    SEMI JOIN (FROM inc_support WHERE open) USING (register, record_id)
    UNION SELECT unnest([pin_key, cmnd_key] || keys) FROM inc_near_keys SEMI JOIN inc_touched t ON t.id = record_id;
    INSERT INTO inc_near SELECT record_id FROM ({prints.sharing("inc_key", "subject")})
    ANTI JOIN inc_near ON inc_near.id = record_id""")
    _close_persons(con, "inc_near")
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE inc_wanted AS
    SELECT DISTINCT '{SUBJECTS.register}' AS register, n.id AS record_id FROM inc_near n
    ANTI JOIN (FROM inc_changed WHERE state = 'gone' AND {_SUBJECT}) c ON c.record_id = n.id""")


def _add_tied(con: duckdb.DuckDBPyConnection) -> None:
    """Add to ``inc_near`` who bears a number that one of it names or bears, and who names one of it as a relative."""
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE inc_key AS
    WITH known AS (
      SELECT pin_key, ties FROM prior
      SEMI JOIN (SELECT hash('{SUBJECTS.register}', id) AS record FROM inc_near) USING (record)
      UNION ALL SELECT pin_key, ties FROM inc_near_keys)
    SELECT pin_key AS key FROM known UNION SELECT unnest(ties) FROM known;
    INSERT INTO inc_near
    SELECT record_id FROM prior WHERE n IN ({_tied("inc_key")}) AND record_id NOT IN (SELECT id FROM inc_near)""")
