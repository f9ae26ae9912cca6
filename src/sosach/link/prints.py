"""What a run keeps of each record for the next run: a fingerprint, and hashes of the keys by which it is decided.

Holds the making and looking up of hashes. What follows from a changed record is in ``incremental``. Hashes are the
engine's own, so they are compared between runs of one engine version only (``previous.recipe``); those of keys have 32
bits, and a chance hit means that a naming is decided again for nothing.
"""

import duckdb

from sosach.duck import literal
from sosach.link.blocking import RULES
from sosach.link.config import Block
from sosach.link.mentions import ROLES, SUBJECTS, read_columns

REGISTERS = tuple(sorted({SUBJECTS.register, *(role.register for role in ROLES)}))
"""Registers that name persons."""

OTHERS = tuple(rule for rule in RULES if rule.name not in ("pin", "cmnd"))
EXACT = tuple(rule for rule in RULES if rule.name == "name_birth")
"""The key on which the step ``exact_keys`` rests: equal names without tones have equal folded names."""

_RELATIVES = ("father_number", "mother_number", "spouse_number")
_BESIDE = {
    "dan_cu": ("ngay_cap_nhat",),
    "thay_doi_ho_tich": ("goc_noi_dang_ky", "goc_quyen_so", "goc_so", "goc_loai_so"),
    "ly_hon": ("ket_hon_noi_dang_ky", "ket_hon_quyen_so", "ket_hon_so"),
}
"""Columns that linkage reads beside those of the roles."""


def make_record_prints(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``record_prints(register, record_id, fingerprint)``, a row a record of a register that names persons.

    The fingerprint is of the values that linkage reads.
    """
    selects = " UNION ALL ".join(
        f"SELECT {literal(register)} AS register, record_id, hash({', '.join(columns)}) AS fingerprint FROM {register}"
        for register in REGISTERS
        for columns in [(*read_columns(con, register), *_BESIDE.get(register, ()))]
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE record_prints AS {selects}")


def hashed(kind: str, value: str) -> str:
    """SQL: 32 bits of a value of one kind; NULL where the value is."""
    return f"CASE WHEN ({value}) IS NOT NULL THEN (hash({literal(kind)}, {value}) & 4294967295)::UINTEGER END"


def keys(rules: tuple[Block, ...]) -> str:
    """SQL of the list of hashed keys of a profile."""
    return f"list_filter([{', '.join(hashed(r.name, r.key) for r in rules)}], lambda k: k IS NOT NULL)"


TIES = f"list_filter([{', '.join(hashed('pin', column) for column in _RELATIVES)}], lambda k: k IS NOT NULL)"
"""SQL of the hashed numbers of a subject's relatives, comparable with the hashed key of rule ``pin``."""


def make_mention_prints(con: duckdb.DuckDBPyConnection, linked: str) -> None:
    """Create ``mention_prints`` of ``mentions`` and ``subjects``.

    Columns: ``register, record_id, role, pin_key, cmnd_key`` (hashed numbers)``, keys`` (the other hashed keys on which
    the decision about the naming rests)``, ties`` (hashed numbers of a subject's relatives). A naming that a sure step
    linked rests on that step's keys, any other on all; NULL where there are none.

    Args:
        con: holds both tables.
        linked: table ``(id, method)`` of the mentions that have a subject.
    """
    columns = f"register, record_id, role, {hashed('pin', 'pin')} AS pin_key, {hashed('cmnd', 'cmnd')} AS cmnd_key"
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE mention_prints AS
    SELECT {columns}, {keys(OTHERS)} AS keys, {TIES} AS ties FROM subjects
    UNION ALL
    SELECT {columns}, CASE WHEN method IN ('pin', 'cmnd') THEN NULL WHEN method = 'exact_keys' THEN {keys(EXACT)}
      ELSE {keys(OTHERS)} END, NULL
    FROM (SELECT m.*, d.method FROM mentions m LEFT JOIN {linked} d USING (id))""")


def sharing(wanted: str, where: str) -> str:
    """SELECT ``register, record_id, role`` of the namings of the run before that have one of the hashed keys.

    Args:
        wanted: table ``(key)``.
        where: SQL over ``prior`` that names those in question.
    """
    columns = "SELECT register, record_id, role FROM prior"
    return (
        f"{columns} SEMI JOIN {wanted} w ON pin_key = w.key WHERE {where} UNION "
        f"{columns} SEMI JOIN {wanted} w ON cmnd_key = w.key WHERE {where} UNION "
        f"{columns} WHERE n IN (SELECT n FROM (SELECT n, unnest(keys) AS key FROM prior WHERE {where}) "
        f"SEMI JOIN {wanted} USING (key))"
    )


def with_record(table: str) -> str:
    """``table(register, record_id, …)`` with ``record``, the hash by which ``prior`` knows a record."""
    return f"(SELECT *, hash(register, record_id) AS record FROM {table})"
