"""Which planted error may lie behind which violation.

Makes tables on the connection; what they say of rules and kinds is counted in ``rules`` and ``kinds``. An error may lie
behind a violation when the rule reads what the error changed and the two records are the same, name a common true
person (or, for a rule that looks at other records, a spouse, parent or child), belong to one household, or are
neighbours in a book; or when the finding is about a figure of the record's unit.
"""

from collections.abc import Sequence

import duckdb

from sosach.checks.catalogue import Catalogue
from sosach.checks.compile_shapes import OF_UNIT
from sosach.checks.rule import Rule
from sosach.duck import identifier, literal
from sosach.evaluate.reads import code_of, compares_registers, rule_reads, sees_neighbours
from sosach.lake import Run
from sosach.link.coverage import REGISTER_OF_BOOK
from sosach.registers import Register

INVENTORY = "so_ho_tich"
RESIDENCE = "cu_tru"


def list_rules(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    """Make ``rule`` (a row a rule) and ``rule_field(rule_id, register, field)``, what each rule's verdict rests on."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE rule (rule_id VARCHAR, code VARCHAR, register VARCHAR, title VARCHAR, "
        "asks BOOLEAN, looks_around BOOLEAN, neighbours VARCHAR)"
    )
    con.execute("CREATE OR REPLACE TEMP TABLE rule_field (rule_id VARCHAR, register VARCHAR, field VARCHAR)")
    rows, fields = [], []
    for rule in catalogue.counted:
        asks = rule.answer != "fix" or rule.severity == "info"
        around = bool(rule.lookup or rule.pair or rule.order)
        rows.append(
            (rule.id, code_of(rule.id), rule.register_id, rule.title, asks, around, _neighbours(rule, catalogue))
        )
        for register, names in sorted(rule_reads(rule, catalogue.registers).items()):
            fields += [(rule.id, register, name) for name in sorted(names)]
            fields.append((rule.id, register, ""))
    _insert(con, "rule", rows)
    _insert(con, "rule_field", fields)


def _neighbours(rule: Rule, catalogue: Catalogue) -> str:
    register = catalogue.registers[rule.register_id]
    if not _is_book(register) or not sees_neighbours(rule, register):
        return ""
    return "sequence" if rule.sequence else "unique" if rule.unique else "lookup"


def list_expected(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    """Make ``candidate`` and ``expected``: which rules the truth expects to see each planted error.

    A code of the truth means the rules of that code on the error's own register that read the changed field, else all
    of them, else those of that code that compare registers; of an error in several cells the nearest counts. A code
    without any such rule is expected all the same, with ``rule_id`` NULL, unless another code of the kind has one
    there: KS02 is for births what KT02 is for deaths. ``unit`` keeps apart the rules of one code that read different
    cells.
    """
    rules = {rule.id: rule for rule in catalogue.counted}
    reads = {i: rule_reads(r, catalogue.registers) for i, r in rules.items()}
    codes_known = {code_of(i) for i in rules}
    rows: list[tuple[object, ...]] = []
    for kind, register, field, codes in con.execute(
        "SELECT DISTINCT e.kind, e.register, c.field, e.rules FROM error e JOIN cell c USING (error_id) ORDER BY ALL"
    ).fetchall():
        found: dict[str, tuple[int, list[str]]] = {}
        for code in codes:
            family = [i for i in rules if code_of(i) == code]
            same = [i for i in family if rules[i].register_id == register]
            choices = (
                [i for i in same if field in reads[i][register]],
                same,
                [i for i in family if compares_registers(rules[i], catalogue)],
            )
            found[code] = next(((place, sorted(ids)) for place, ids in enumerate(choices) if ids), (len(choices), []))
        for code, (place, ids) in found.items():
            home = rules[ids[0]].register_id if ids else register
            if not ids and any(some for _, some in found.values()) and code in codes_known:
                continue
            named: list[str | None] = [*ids] or [None]
            rows += [(kind, register, field, code, home, "+".join(ids), rule, place) for rule in named]
    con.execute(
        "CREATE OR REPLACE TEMP TABLE candidate (kind VARCHAR, register VARCHAR, field VARCHAR, code VARCHAR, "
        "rule_register VARCHAR, unit VARCHAR, rule_id VARCHAR, place INTEGER)"
    )
    _insert(con, "candidate", rows)
    con.execute("""
    CREATE OR REPLACE TEMP TABLE expected AS
    WITH possible AS (
        SELECT DISTINCT e.error_id, k.code, k.rule_register, k.unit, k.rule_id, k.place
        FROM error e JOIN cell c USING (error_id)
        JOIN candidate k ON k.kind = e.kind AND k.register = e.register AND k.field = c.field
        QUALIFY k.place = min(k.place) OVER (PARTITION BY e.error_id, k.code))
    SELECT DISTINCT error_id, code, rule_register, unit, rule_id FROM possible""")


def list_violations(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``found(vid, …)``: the run's violations of known rules, and whether each persists without planted errors.

    Needs the tables violations, rule, persisting.
    """
    con.execute("""
    CREATE OR REPLACE TEMP TABLE found AS
    SELECT row_number() OVER (ORDER BY v.register, v.record_id, v.rule_id) AS vid, v.register, v.record_id, v.rule_id,
        p.rule_id IS NOT NULL AS persists
    FROM violations v LEFT JOIN persisting p ON p.record_id = v.record_id AND p.rule_id = v.rule_id""")


def relate(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, run: Run, clean: Run) -> None:
    """Make ``pair(vid, error_id, same, expected)``: planted errors that may lie behind each violation.

    Behind a violation that persists on the clean records lies no error that those are without. What the clean records
    cannot show stays possible: entries that were left out, and numbers of false entries. Whatever is found on a false
    record comes from its being there.
    """
    _people_of_violations(con)
    _people_of_errors(con)
    near = [
        "SELECT f.vid, e.error_id, TRUE AS same, FALSE AS placed FROM found f JOIN error e USING (record_id)",
        "SELECT DISTINCT v.vid, e.error_id, FALSE, FALSE FROM found_person v JOIN error_person e USING (person_id)",
    ]
    if RESIDENCE in catalogue.registers:
        _households(con, run, clean)
        near.append("SELECT DISTINCT v.vid, e.error_id, FALSE, FALSE FROM found_home v JOIN error_home e USING (home)")
    _units(con, catalogue, run)
    near.append("SELECT DISTINCT v.vid, e.error_id, FALSE, FALSE FROM found_unit v JOIN error_unit e USING (unit)")
    _positions(con, catalogue, run)
    near.append("""
        SELECT DISTINCT v.vid, e.error_id, FALSE, TRUE FROM found_place v JOIN error_place e
        ON e.register = v.register AND e.place = v.place AND e.year = v.year AND CASE v.neighbours
            WHEN 'sequence' THEN e.truly AND e.number > v.before AND e.number <= v.number
            WHEN 'unique' THEN NOT e.truly AND e.number = v.number
            ELSE e.number BETWEEN v.before AND v.after END""")
    near.append("""
        SELECT DISTINCT v.vid, e.error_id, FALSE, TRUE FROM found_book v JOIN error_place e
        ON e.register = v.register AND e.place = v.place AND e.year = v.year""")
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE pair AS
    WITH near AS (
        SELECT vid, error_id, bool_or(same) AS same, bool_or(placed) AS placed
        FROM ({" UNION ALL ".join(near)}) GROUP BY ALL)
    SELECT n.vid, n.error_id, n.same, x.rule_id IS NOT NULL AS expected
    FROM near n JOIN found f USING (vid) JOIN error e USING (error_id)
    LEFT JOIN (SELECT DISTINCT error_id, rule_id FROM expected) x ON x.error_id = n.error_id AND x.rule_id = f.rule_id
    WHERE (n.same AND (x.rule_id IS NOT NULL OR e.record_id IN (SELECT record_id FROM false_record)))
        OR ((NOT f.persists OR e.record_id IS NULL
                OR (n.placed AND e.record_id IN (SELECT record_id FROM false_record)))
            AND (x.rule_id IS NOT NULL OR EXISTS (
                SELECT 1 FROM cell c JOIN rule_field r ON r.register = c.register AND r.field = c.field
                WHERE c.error_id = n.error_id AND r.rule_id = f.rule_id)))""")


def _people_of_violations(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
    CREATE OR REPLACE TEMP TABLE kin AS
    SELECT DISTINCT a, b FROM (
        SELECT chong_person_id AS a, vo_person_id AS b FROM truth_marriages
        UNION ALL SELECT vo_person_id, chong_person_id FROM truth_marriages
        UNION ALL SELECT person_id, unnest([cha_person_id, me_person_id]) FROM truth_persons
        UNION ALL SELECT unnest([cha_person_id, me_person_id]), person_id FROM truth_persons)
    WHERE a IS NOT NULL AND b IS NOT NULL;

    CREATE OR REPLACE TEMP TABLE found_person AS
    WITH own AS (SELECT f.vid, f.rule_id, r.person_id FROM found f JOIN role r USING (register, record_id))
    SELECT vid, person_id FROM own
    UNION
    SELECT o.vid, k.b FROM own o JOIN rule u USING (rule_id) JOIN kin k ON k.a = o.person_id WHERE u.looks_around""")


def _people_of_errors(con: duckdb.DuckDBPyConnection) -> None:
    """Those whom the record names, whose event was left out, or whose number was taken away or written in."""
    con.execute("""
    CREATE OR REPLACE TEMP TABLE error_person AS
    SELECT e.error_id, r.person_id FROM error e JOIN role r USING (register, record_id)
    UNION
    SELECT e.error_id, unnest([t.person_id, t.other_person_id]) FROM error e
    JOIN truth_events t ON t.register = e.register AND t.record_key = e.record_key WHERE e.record_id IS NULL
    UNION
    SELECT c.error_id, p.person_id FROM cell c JOIN truth_persons p ON p.so_dinh_danh = c.true_value
    UNION
    SELECT c.error_id, p.person_id FROM cell c JOIN truth_persons p ON p.so_dinh_danh = c.written_value;
    DELETE FROM error_person WHERE person_id IS NULL""")


def _households(con: duckdb.DuckDBPyConnection, run: Run, clean: Run) -> None:
    homes = " UNION ".join(
        f"SELECT record_id, so_ho_so_cu_tru AS home FROM read_parquet({literal(folder.core(RESIDENCE))})"
        for folder in (run, clean)
        if folder.core(RESIDENCE).is_file()
    )
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE home AS SELECT * FROM ({homes}) WHERE home IS NOT NULL;
    CREATE OR REPLACE TEMP TABLE error_home AS
    SELECT e.error_id, h.home FROM error e JOIN home h USING (record_id) WHERE e.register = '{RESIDENCE}';
    CREATE OR REPLACE TEMP TABLE found_home AS
    SELECT f.vid, h.home FROM found f JOIN rule u USING (rule_id) JOIN home h USING (record_id)
    WHERE f.register = '{RESIDENCE}' AND u.looks_around""")


def _units(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, run: Run) -> None:
    """``found_unit`` of findings about a figure of a unit, ``error_unit`` of the records with an error."""
    parts = ["SELECT '' AS register, '' AS record_id, '' AS unit WHERE FALSE"] + [
        f"SELECT {literal(name)} AS register, record_id, unit FROM read_parquet({literal(run.core(name))})"
        for name in catalogue.registers
        if run.core(name).is_file()
    ]
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE found_unit AS
    SELECT vid, split_part(replace(record_id, {literal(OF_UNIT)}, ''), '|', 1) AS unit FROM found
    WHERE starts_with(record_id, {literal(OF_UNIT)});
    CREATE OR REPLACE TEMP TABLE error_unit AS
    SELECT e.error_id, r.unit FROM error e JOIN ({" UNION ALL ".join(parts)}) r USING (register, record_id)""")


def _is_book(register: Register) -> bool:
    return {"noi_dang_ky", "so"} <= {field.name for field in register.fields}


def _positions(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, run: Run) -> None:
    """Places in books: ``found_place`` with the numbers before and after, ``found_book`` of the inventory's lines,
    ``error_place`` as delivered and as it truly was (of left-out entries too).
    """
    books = [name for name, register in catalogue.registers.items() if _is_book(register)]

    columns = "record_id, noi_dang_ky AS place, so_nam AS year, so_thu_tu AS number"
    parts = [
        f"SELECT {literal(name)} AS register, {columns} FROM read_parquet({literal(run.core(name))})"
        for name in books
        if run.core(name).is_file()
    ]
    empty = "SELECT '' AS register, '' AS record_id, '' AS place, 0 AS year, 0 AS number WHERE FALSE"
    entries = " UNION ALL ".join([empty, *parts])
    kinds = ", ".join(f"({literal(kind)}, {literal(register)})" for kind, register in REGISTER_OF_BOOK.items())
    inventory = run.core(INVENTORY)
    lines = (
        f"SELECT record_id, ma_noi_dang_ky AS place, loai_so, nam_mo_so AS year, quyen_so FROM"
        f" read_parquet({literal(inventory)})"
        if inventory.is_file()
        else "SELECT '' AS record_id, '' AS place, '' AS loai_so, 0 AS year, '' AS quyen_so WHERE FALSE"
    )
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE book_kind AS SELECT * FROM (VALUES {kinds}) AS k(loai_so, register);
    CREATE OR REPLACE TEMP TABLE book_line AS SELECT l.*, k.register FROM ({lines}) l JOIN book_kind k USING (loai_so);
    CREATE OR REPLACE TEMP TABLE entry AS {entries};
    CREATE OR REPLACE TEMP TABLE found_place AS
    WITH numbers AS (SELECT DISTINCT register, place, year, number FROM entry WHERE number IS NOT NULL),
    around AS (SELECT *, lag(number, 1, 0) OVER w AS before, lead(number) OVER w AS after FROM numbers
        WINDOW w AS (PARTITION BY register, place, year ORDER BY number))
    SELECT f.vid, u.neighbours, a.register, a.place, a.year, a.number, a.before, coalesce(a.after, a.number) AS after
    FROM found f JOIN rule u USING (rule_id) JOIN entry t ON t.register = f.register AND t.record_id = f.record_id
    JOIN around a ON a.register = t.register AND a.place = t.place AND a.year = t.year AND a.number = t.number
    WHERE u.neighbours <> '';
    CREATE OR REPLACE TEMP TABLE found_book AS
    SELECT f.vid, b.register, b.place, b.year, b.loai_so, b.quyen_so FROM found f JOIN book_line b USING (record_id)
    WHERE f.register = {literal(INVENTORY)};
    CREATE OR REPLACE TEMP TABLE error_place AS
    SELECT e.error_id, t.register, t.place, t.year, t.number, FALSE AS truly
    FROM error e JOIN entry t ON t.register = e.register AND t.record_id = e.record_id WHERE t.number IS NOT NULL
    UNION
    SELECT e.error_id, t.register, coalesce(x.place, t.place), coalesce({_part("x.so", 2)}, t.year),
        coalesce({_part("x.so", 1)}, t.number), TRUE
    FROM error e JOIN entry t ON t.register = e.register AND t.record_id = e.record_id
    LEFT JOIN (
        SELECT record_id, max(true_value) FILTER (field = 'noi_dang_ky') AS place,
            max(true_value) FILTER (field = 'so') AS so
        FROM cell WHERE field IN ('noi_dang_ky', 'so') GROUP BY record_id) x ON x.record_id = e.record_id
    UNION
    SELECT error_id, register, split_part(record_key, '|', 1), {_part("split_part(record_key, '|', 3)", 2)},
        {_part("split_part(record_key, '|', 3)", 1)}, TRUE
    FROM error WHERE record_id IS NULL""")


def _part(text: str, which: int) -> str:
    """SQL of the place (1) or the year (2) of an entry number ``NN/YYYY``."""
    return f"try_cast(split_part({text}, '/', {which}) AS INTEGER)"


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        values = ", ".join("(" + ", ".join(literal(value) for value in row) + ")" for row in rows)
        con.execute(f"INSERT INTO {identifier(table)} VALUES {values}")
