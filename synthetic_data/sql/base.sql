-- The state of offices on one day, as views over the world: what came later is not there yet. {schema} and {cut} are filled
-- in by stream_state.py, {start} is the first state's day. A register query runs on a state by the search path.
CREATE SCHEMA {schema};
CREATE MACRO {schema}.as_of() AS DATE '{cut}';
CREATE MACRO {schema}.noted_until() AS DATE '{start}';
CREATE MACRO {schema}.worked_on(name, id) AS (SELECT max(w.day) FROM stream.worked w WHERE w.register = name AND w._row = id AND w.day <= DATE '{cut}');
CREATE VIEW {schema}.entry AS FROM main.entry WHERE date <= DATE '{cut}';
CREATE VIEW {schema}.numbered AS FROM main.numbered WHERE date <= DATE '{cut}';
CREATE VIEW {schema}.book AS
SELECT b.* REPLACE (u.first_seq AS first_seq, u.last_seq AS last_seq, coalesce(u.entries, 0) AS entries, CASE WHEN b.closed <= DATE '{cut}' THEN b.closed END AS closed)
FROM main.book b LEFT JOIN (
    SELECT kind, code, era, year, part, min(seq) AS first_seq, max(seq) AS last_seq, count(*) AS entries
    FROM main.numbered WHERE date <= DATE '{cut}' GROUP BY ALL) u USING (kind, code, era, year, part)
WHERE (b.part = 0 OR u.entries > 0) AND b.year <= year(DATE '{cut}') AND (b.era = 0 OR DATE '{cut}' >= DATE '2025-07-01');
CREATE VIEW {schema}.marriage AS
SELECT * REPLACE (CASE WHEN end_date <= DATE '{cut}' THEN end_date END AS end_date, CASE WHEN end_date <= DATE '{cut}' THEN end_kind ELSE 0 END AS end_kind)
FROM main.marriage WHERE married_date <= DATE '{cut}';
CREATE VIEW {schema}.judgment AS
SELECT * REPLACE (CASE WHEN received_date <= DATE '{cut}' THEN received_date END AS received_date, CASE WHEN noted_date <= DATE '{cut}' THEN noted_date END AS noted_date)
FROM main.judgment WHERE sent_date <= DATE '{cut}';
CREATE VIEW {schema}.foreigner AS
SELECT * REPLACE (CASE WHEN filed <= DATE '{cut}' THEN filed END AS filed, CASE WHEN approved <= DATE '{cut}' THEN approved END AS approved,
    CASE WHEN activated <= DATE '{cut}' THEN activated END AS activated)
FROM main.foreigner WHERE card_day <= DATE '{cut}';
-- Who died after the first state has no stay in the world of the end: they lived at home until then.
CREATE VIEW {schema}.spell AS
SELECT * REPLACE (CASE WHEN until <= DATE '{cut}' THEN until END AS until, CASE WHEN until <= DATE '{cut}' THEN reason::VARCHAR ELSE '' END AS reason)
FROM (
    SELECT * REPLACE (kind::VARCHAR AS kind, relation::VARCHAR AS relation, reason::VARCHAR AS reason) FROM main.spell
    UNION ALL BY NAME
    SELECT p.id AS person, p.home_old AS old, p.id AS host, greatest((p.birth + 25)::DATE, DATE '1976-01-01') AS since, (p.death + (1 + p.id % 10)::INTEGER)::DATE AS until,
        NULL::DATE AS term, '01' AS relation, 'thuong_tru' AS kind, 'Chết' AS reason
    FROM main.person p WHERE p.death > greatest(DATE '{start}', (p.birth + 60)::DATE) AND NOT p.shadow AND p.id NOT IN (SELECT person FROM main.spell))
WHERE since <= DATE '{cut}';
CREATE VIEW {schema}.acknowledged AS
SELECT CASE WHEN r.kind <= 2 THEN r.person ELSE r.recogniser END AS child, CASE WHEN r.kind <= 2 THEN r.recogniser ELSE r.person END AS parent, n.date
FROM main.recognition r JOIN main.entry n ON n.kind = 'CMC' AND n.eid = r.eid;
-- A card issued later: a first card is not there yet, a renewed one was preceded by a card that runs out at 25, 40 or 60.
CREATE VIEW {schema}.card AS
SELECT id, CASE WHEN day <= least(DATE '{cut}', card_day - 1) THEN day END AS day, CASE WHEN day <= least(DATE '{cut}', card_day - 1) THEN expires END AS expires
FROM (
    SELECT id, card_day, (greatest(DATE '2021-03-01', (birth + INTERVAL 14 YEAR)::DATE) + (id % 400)::INTEGER)::DATE AS day,
        (birth + CASE WHEN card_day <= birth + INTERVAL 25 YEAR + INTERVAL 62 DAY THEN INTERVAL 25 YEAR
            WHEN card_day <= birth + INTERVAL 40 YEAR + INTERVAL 62 DAY THEN INTERVAL 40 YEAR ELSE INTERVAL 60 YEAR END)::DATE AS expires
    FROM main.person WHERE card_day > DATE '{cut}' AND card_day > birth + INTERVAL 17 YEAR);
CREATE VIEW {schema}.person AS
SELECT p.* REPLACE (
    CASE WHEN p.father = a.parent THEN -1 ELSE p.father END AS father, CASE WHEN p.mother = a.parent THEN -1 ELSE p.mother END AS mother,
    CASE WHEN p.death <= DATE '{cut}' THEN p.death END AS death,
    CASE WHEN p.card_day <= DATE '{cut}' THEN p.card_day ELSE c.day END AS card_day, CASE WHEN p.card_day <= DATE '{cut}' THEN p.card_expires ELSE c.expires END AS card_expires,
    coalesce(s.old, p.home_old) AS home_old, coalesce(h.text3, p.home3) AS home3, coalesce(h.text2, p.home2) AS home2,
    struct_pack(id := p.id, pin := p.pin, cmnd := p.cmnd, cmnd_day := p.cmnd_day, card_day := p.papers.card_day,
        adult := p.papers.adult, death := CASE WHEN p.death <= DATE '{cut}' THEN p.death END, passport := p.passport) AS papers)
FROM main.person p
LEFT JOIN (SELECT person, arg_max(old, since) AS old FROM main.spell
    WHERE kind = 'thuong_tru' AND since <= DATE '{cut}' AND coalesce(until > DATE '{cut}', TRUE) GROUP BY person) s ON s.person = p.id
LEFT JOIN main.place h ON h.old = s.old
LEFT JOIN {schema}.card c ON c.id = p.id
LEFT JOIN {schema}.acknowledged a ON a.child = p.id AND a.date > DATE '{cut}'
WHERE p.birth <= DATE '{cut}' OR p.shadow;
