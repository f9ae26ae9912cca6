SELECT
    year(e.since) AS _year, e.touched AS _date, l.district AS _district, '' AS _planted, e.person * 64 + e.nth AS _spell, p.id AS _p, p.sex_code AS _gioi_tinh,
    e.until IS NULL AS _dang_mo, e.since AS _tu_ngay, e.term AS _han, p.hamlet || ', ' || l.text3 AS _dia_chi_cu,
    p.birth < as_of() - 7000 AS _truong_thanh, e.relation AS _quan_he, e.kind AS _loai, e.touched >= DATE '2025-07-01' AS _moi, p.birth AS _ngay_sinh,
    l.code_old::VARCHAR AS _ma_cu, era(k.code_old, k.code_new, e.touched) AS _ma_canh, k.code_new AS _ma_moi_canh,
    coalesce(h.hamlet, p.hamlet) || ', ' || era(k.text3, k.text2, e.touched) AS _dia_chi_canh, l.code_new::VARCHAR AS _lo_unit, lo_month(l.code_new, e.touched) AS _lo_month,
    l.code_new || lpad((CASE WHEN e.host >= 0 THEN e.host ELSE p.head END)::VARCHAR, 7, '0') AS so_ho_so_cu_tru,
    p.pin AS so_dinh_danh, CASE WHEN l.district::INTEGER % 2 = 0 THEN e.kind ELSE CASE e.kind WHEN 'thuong_tru' THEN 'Thường trú'
        WHEN 'tam_tru' THEN 'Tạm trú' ELSE 'Tạm vắng' END END AS loai_cu_tru,
    (CASE WHEN e.touched < DATE '2025-07-01' THEN l.code_old ELSE l.code_new END)::VARCHAR AS ma_dvhc,
    coalesce(h.hamlet, p.hamlet) || ', ' || era(l.text3, l.text2, e.touched) AS dia_chi,
    day_text(e.since, l.district) AS tu_ngay, day_text(e.until, l.district) AS den_ngay, day_text(e.term, l.district) AS thoi_han,
    nullif(e.reason, '') AS ly_do_xoa, h.pin AS so_dinh_danh_chu_ho,
    coded(nullif(e.relation, ''), r.name, l.district) AS quan_he_voi_chu_ho, day_text(e.touched, l.district) AS ngay_cap_nhat
FROM (SELECT *, least(as_of(), greatest(since + 1, DATE '2021-07-01', coalesce(until + 2, upkeep('cap_nhat_ct', person)), worked_on('cu_tru', person::BIGINT * 64 + nth))) AS touched
    FROM (SELECT *, row_number() OVER (PARTITION BY person ORDER BY since, kind, until, old) AS nth FROM spell)) e
JOIN person p ON p.id = e.person JOIN place l ON l.old = e.old
LEFT JOIN elsewhere k ON k.old = e.old LEFT JOIN person h ON h.id = e.host LEFT JOIN relation r ON r.code = e.relation
WHERE p.pin IS NOT NULL
