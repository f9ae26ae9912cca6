-- One row an insured person, also of those who died in the last two years: their card ends with the day of death.
-- Own guesses: who is insured (92.5 %), the groups and terms. Integrated health books: Khánh Hòa 12/2024, 114,930 of
-- 1,439,411 citizens (domain.md 4.6), which is about a fifth of those with an active account of level 2.
WITH insured AS (
    SELECT p.id, p.pin, p.cmnd, p.name, p.birth, p.whole_date, p.death, p.card_day, p.sex_code, p.sex_text, l.district, l.district_text, l.code_old, l.code_new, split_part(era(l.text3, l.text2, as_of()), ', ', 1) AS commune_text,
        least(as_of(), coalesce(p.death, as_of())) AS seen,
        CASE WHEN p.birth + INTERVAL 6 YEAR > least(as_of(), coalesce(p.death, as_of())) THEN 'TE'
            WHEN p.birth + INTERVAL 16 YEAR > as_of() THEN 'HS'
            WHEN p.ethnic <> 'Kinh' AND l.district IN ('415', '416', '417', '418', '422') THEN 'DT'
            WHEN p.birth + INTERVAL 60 YEAR <= as_of() THEN CASE WHEN u('bh_nhom', p.id) < 0.30 THEN 'HT' WHEN u('bh_nhom', p.id) < 0.38 THEN 'CC'
                WHEN p.birth + INTERVAL 80 YEAR <= as_of() THEN 'BT' WHEN u('bh_nhom', p.id) < 0.45 THEN 'HN' ELSE 'GD' END
            WHEN p.birth + INTERVAL 22 YEAR > as_of() AND u('bh_nhom', p.id) < 0.55 THEN 'HS'
            WHEN u('bh_nhom', p.id) < 0.28 THEN 'DN' WHEN u('bh_nhom', p.id) < 0.34 THEN 'HC' WHEN u('bh_nhom', p.id) < 0.40 THEN 'HN' ELSE 'GD' END AS grp
    FROM citizen c JOIN person p ON p.id = c.id JOIN place l ON l.old = p.home_old
    WHERE p.pin IS NOT NULL AND u('bh_tham_gia', p.id) < 0.925 AND coalesce(p.death >= as_of() - 730, TRUE)),
termed AS (
    SELECT *, CASE WHEN grp = 'TE' THEN birth WHEN grp = 'GD' THEN greatest(birth, seen - ((seen - DATE '2015-01-01' + (u('bh_tu', id) * 364)::INTEGER) % 365)::INTEGER - lapse)
            ELSE greatest(birth, date_trunc('year', seen)::DATE) END AS starts
    FROM (SELECT *, CASE WHEN grp = 'GD' AND death IS NULL AND u('bh_het_han', id) < 0.04 THEN 365 ELSE 0 END AS lapse FROM insured)),
carded AS (
    SELECT *, coalesce(death, (CASE grp WHEN 'TE' THEN birth + INTERVAL 6 YEAR - INTERVAL 1 DAY WHEN 'GD' THEN starts + INTERVAL 1 YEAR - INTERVAL 1 DAY
            ELSE date_trunc('year', seen) + INTERVAL 1 YEAR - INTERVAL 1 DAY END)::DATE) AS ends,
        CASE WHEN u('ssk', id) < 0.195 AND eid_active(card_day, id) <= seen AND death IS NULL
            THEN least(as_of(), greatest(DATE '2024-10-01', eid_active(card_day, id)) + (u('ssk_ngay', id) * 200)::INTEGER) END AS health_book
    FROM termed)
SELECT
    year(starts) AS _year, starts AS _date, district AS _district, '' AS _planted, id AS _p, birth AS _ngay_sinh, death AS _ngay_chet, grp AS _nhom, ends AS _het_han,
    whole_date AS _du_ngay, cmnd AS _cmnd,
    grp || CASE WHEN grp = 'TE' THEN 1 WHEN grp IN ('CC', 'HN', 'DT', 'BT') THEN 2 WHEN grp = 'HT' THEN 3 ELSE 4 END || '40' || '40' || code8(id, 11) AS so_the,
    '40' || code8(id, 11) AS ma_so_bhxh, pin AS so_dinh_danh, name AS ho_ten,
    CASE WHEN whole_date THEN day_text(birth, district) ELSE year(birth)::VARCHAR END AS ngay_sinh, coded(sex_code, sex_text, district) AS gioi_tinh,
    CASE WHEN as_of() < DATE '2025-07-01' THEN code_old ELSE code_new END AS ma_dvhc, grp AS doi_tuong,
    day_text(starts, district) AS tu_ngay, day_text(ends, district) AS den_ngay,
    CASE WHEN u('kham', id) < 0.7 THEN 'Trạm y tế ' || commune_text ELSE hospital(district, district_text, as_of()) END AS noi_kham_ban_dau,
    coded(CASE WHEN health_book IS NULL THEN '0' ELSE '1' END, CASE WHEN health_book IS NULL THEN 'Không' ELSE 'Có' END, district) AS so_suc_khoe_dien_tu,
    day_text(health_book, district) AS ngay_tich_hop_so_suc_khoe,
    day_text(least(as_of(), coalesce(death + 20, greatest(starts, coalesce(health_book, starts)))), district) AS ngay_cap_nhat
FROM carded
