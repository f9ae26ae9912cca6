-- Persons with the texts of their places and codes; bare is world.person.
SELECT
    p.* EXCLUDE (ethnic, nationality, sex),
    (p.sex + 1)::VARCHAR AS sex_code, CASE p.sex WHEN 0 THEN 'Nam' ELSE 'Nữ' END AS sex_text,
    p.ethnic, t.code AS ethnic_code, p.nationality, q.name AS nationality_text,
    o.text3 AS own3, o.text2 AS own2, h.text3 AS home3, h.text2 AS home2, coalesce(b.text3, z.text) AS birth_place3,
    CASE WHEN p.que_province = 40 THEN g.text3 ELSE v.text END AS que3,
    CASE WHEN p.que_province = 40 THEN g.text2 ELSE v.text END AS que2,
    struct_pack(
        id := p.id, pin := p.pin, cmnd := p.cmnd, cmnd_day := p.cmnd_day, card_day := p.card_day,
        adult := (p.birth + INTERVAL 14 YEAR)::DATE, death := p.death, passport := p.passport) AS papers
FROM bare p LEFT JOIN ethnic t ON t.name = p.ethnic LEFT JOIN country q ON q.code = p.nationality
JOIN place o ON o.old = p.own_old JOIN place h ON h.old = p.home_old JOIN place g ON g.old = p.que_old
LEFT JOIN place b ON b.old = p.birth_old JOIN province v ON v.prefix = p.que_province
LEFT JOIN province z ON p.birth_old < 0 AND z.prefix = p.home_province
