"""SQL of the shapes that look beyond the record: a counterpart, a person's events in order, a figure of a unit.

Holds text only; runs nothing. The other shapes and the fused pass's layers are in ``compile``.
"""

from datetime import date

from sosach.checks.rule import Rule
from sosach.checks.shapes import ORDER_COLUMNS, Aggregate, Order, Pair
from sosach.checks.sql_text import with_as_of
from sosach.duck import identifier, literal

OF_UNIT = "don_vi:"
"""How the record_id of a figure begins; the unit and the period follow."""

LAWFUL = "_hop_le"
"""Column of an ``order`` lookup: TRUE where every step into the record's events is allowed, FALSE where one is not,
NULL where a day or the person is unknown."""


def pair_lookup(pair: Pair, register: str) -> str:
    """SELECT of the counterpart of every record that has one: ``record_id`` and the named columns."""
    columns = ", ".join(f"t.{identifier(column)} AS {identifier(name)}" for name, column in pair.columns.items())
    return (
        "SELECT h._own AS record_id, " + columns + " FROM (SELECT a.record_id AS _own, min(b.record_id) AS _other "
        "FROM links a JOIN links b ON b.person_id = a.person_id "
        f"WHERE a.register = {literal(register)} AND a.role = {literal(pair.here)} "
        f"AND b.register = {literal(pair.with_)} AND b.role = {literal(pair.there)} "
        "AND a.method <> 'unlinked' AND b.method <> 'unlinked' AND b.record_id <> a.record_id GROUP BY ALL) h "
        f"JOIN {identifier(pair.with_)} t ON t.record_id = h._other"
    )


def order_lookup(order: Order, register: str, as_of: date) -> str:
    """SELECT of the step into every event record of ``register``: the columns of ORDER_COLUMNS and LAWFUL.

    A person known from one record alone (``unlinked``) may have events that were not joined, and an event without a
    day has no place: both give NULL.
    """
    sources = []
    for rank, (event, entries) in enumerate(order.events.items()):
        for source in entries:
            name = identifier(source.register_id)
            sources.append(
                f"SELECT l.person_id, {name}.record_id, {literal(source.register_id)} AS _register, "
                f"{literal(event)} AS su_kien, {rank} AS _rank, "
                f"CAST(({with_as_of(source.date, as_of)}\n) AS DATE) AS ngay_su_kien, l.method <> 'unlinked' AS _known "
                f"FROM {name} JOIN links l ON l.record_id = {name}.record_id "
                f"AND l.register = {literal(source.register_id)} AND l.role = {literal(source.role)} "
                f"WHERE ({with_as_of(source.where, as_of)}\n)"
            )
    allowed = ", ".join(f"({literal(a)}, {literal(b)})" for a, after in order.allowed.items() for b in after)
    step = f"(coalesce(su_kien_truoc, 'start'), su_kien) IN ({allowed})"
    shown = ", ".join(f"arg_min_null({c}, (_step, ngay_su_kien)) AS {c}" for c in ORDER_COLUMNS)
    return (
        f"WITH _event AS ({' UNION ALL '.join(sources)}), _told AS ("
        "SELECT *, lag(su_kien) OVER _life AS su_kien_truoc, lag(ngay_su_kien) OVER _life AS ngay_su_kien_truoc "
        "FROM _event WHERE _known AND ngay_su_kien IS NOT NULL "
        "WINDOW _life AS (PARTITION BY person_id ORDER BY ngay_su_kien, _rank, record_id)), _judged AS ("
        f"SELECT record_id, {', '.join(ORDER_COLUMNS)}, CAST({step} AS INTEGER) AS _step FROM _told "
        f"WHERE _register = {literal(register)} UNION ALL "
        "SELECT record_id, su_kien, ngay_su_kien, NULL, NULL, NULL FROM _event "
        f"WHERE _register = {literal(register)} AND (_known AND ngay_su_kien IS NOT NULL) IS NOT TRUE) "
        f"SELECT record_id, {shown}, CASE WHEN min(_step) = 0 THEN FALSE WHEN count(*) = count(_step) THEN TRUE END "
        f"AS {LAWFUL} FROM _judged GROUP BY record_id"
    )


def groups(rule: Rule, shape: Aggregate, as_of: date) -> str:
    """SELECT of a rule's groups: ``record_id, record_key`` (unit and period), ``unit``, ``period``, the measures."""
    rows = f"({with_as_of(shape.rows, as_of)}\n)" if shape.rows else identifier(rule.register_id)
    measured = "".join(
        f", ({with_as_of(text, as_of)}\n) AS {identifier(name)}" for name, text in shape.measures.items()
    )
    unit = f"({shape.unit}\n)"
    period = f"CAST(({with_as_of(shape.period, as_of)}\n) AS VARCHAR)" if shape.period else "NULL"
    source = f"(SELECT {unit} AS _unit, {period} AS _period, * FROM {rows}) AS _rows"
    query = (
        f"SELECT _unit AS unit, _period AS period{measured} FROM {source} "
        f"WHERE _unit IS NOT NULL{' AND _period IS NOT NULL' if shape.period else ''} GROUP BY _unit, _period"
    )
    if shape.all_units:
        nothing = f"SELECT NULL AS _no{measured} FROM {source} WHERE FALSE GROUP BY ()"
        names = ", ".join(identifier(name) for name in shape.measures)
        query = (
            f"WITH _seen AS ({query}) FROM _seen UNION ALL SELECT u.unit, NULL, {names} "
            "FROM (SELECT DISTINCT unit FROM cl_unit_now) u ANTI JOIN _seen USING (unit), "
            f"({nothing}) _nothing"
        )
    key = "concat_ws('|', unit, period)"
    return f"SELECT {literal(OF_UNIT)} || {key} AS record_id, {key} AS record_key, * FROM ({query}) AS _groups"
