-- One row a payee, also of those who died in the last two years: paid up to the month of death. Paid by account: 65.16 % in
-- Nghệ An (domain.md 4.6). Own guesses: who gets what and the amounts.
WITH payee AS (
    SELECT p.id, p.pin, p.cmnd, p.name, p.birth, p.whole_date, p.death, p.sex_code, p.sex_text, l.district, l.code_old, l.code_new, era(k.code_old, k.code_new, as_of()) AS code_near,
        least(as_of(), coalesce(p.death, as_of())) AS seen, least(end_of_data(), coalesce(p.death, end_of_data())) AS seen_at_end,
        CASE WHEN p.birth + INTERVAL 60 YEAR <= least(as_of(), coalesce(p.death, as_of())) AND u('as_huu', p.id) < 0.12 THEN 'HTR'
            WHEN p.birth + INTERVAL 50 YEAR <= least(as_of(), coalesce(p.death, as_of())) AND u('as_cong', p.id) < 0.02 THEN 'NCC'
            WHEN p.birth + INTERVAL 80 YEAR <= least(as_of(), coalesce(p.death, as_of())) THEN 'NCT'
            WHEN u('as_tat', p.id) < 0.012 THEN 'NKT'
            WHEN p.birth + INTERVAL 16 YEAR > as_of() AND u('as_mo_coi', p.id) < 0.003 THEN 'TMC'
            WHEN c.status IN ('GOA', 'LY_HON') AND p.birth + INTERVAL 50 YEAR > as_of() AND u('as_don_than', p.id) < 0.05 THEN 'NDT' END AS grp
    FROM citizen c JOIN person p ON p.id = c.id JOIN place l ON l.old = p.home_old LEFT JOIN elsewhere k ON k.old = p.home_old
    WHERE p.pin IS NOT NULL AND coalesce(p.death >= as_of() - 730, TRUE)),
paid AS (
    SELECT *, greatest((CASE grp WHEN 'HTR' THEN birth + INTERVAL 60 YEAR WHEN 'NCT' THEN birth + INTERVAL 80 YEAR WHEN 'NCC' THEN birth + INTERVAL 50 YEAR
            ELSE seen_at_end - (u('as_tu', id) * 365 * 8)::INTEGER END)::DATE, DATE '2007-01-01', birth) AS since,
        u('as_tai_khoan', id) < 0.6516 AS by_account
    FROM payee WHERE grp IS NOT NULL)
SELECT
    year(since) AS _year, since AS _date, district AS _district, '' AS _planted, id AS _p, birth AS _ngay_sinh, death AS _ngay_chet, since AS _tu, cmnd AS _cmnd, grp AS _loai, code_near AS _ma_canh,
    lag(bank_name(name)) OVER (PARTITION BY district ORDER BY id) AS _ten_khac,
    'AS' || code8(id, 67) AS ma_doi_tuong, pin AS so_dinh_danh, name AS ho_ten,
    CASE WHEN whole_date THEN day_text(birth, district) ELSE year(birth)::VARCHAR END AS ngay_sinh, coded(sex_code, sex_text, district) AS gioi_tinh,
    CASE WHEN as_of() < DATE '2025-07-01' THEN code_old ELSE code_new END AS ma_dvhc, grp AS loai_tro_cap,
    (CASE grp WHEN 'HTR' THEN 3000000 + 100000 * (u('as_muc', id) * 60)::INTEGER WHEN 'NCC' THEN 2000000 + 100000 * (u('as_muc', id) * 30)::INTEGER
        ELSE 500000 * CASE grp WHEN 'NKT' THEN 2 WHEN 'TMC' THEN 2 ELSE 1 END END)::VARCHAR AS muc,
    strftime(since, '%m/%Y') AS tu_thang, strftime(seen, '%m/%Y') AS ky_chi_tra, CASE WHEN death IS NOT NULL THEN day_text(least(as_of(), death + 10), district) END AS ngay_dung_huong,
    coded(CASE WHEN by_account THEN 'TK' ELSE 'TM' END, CASE WHEN by_account THEN 'Qua tài khoản' ELSE 'Tiền mặt' END, district) AS hinh_thuc,
    CASE WHEN by_account THEN '19' || code8(id, 71) || '001' END AS so_tai_khoan, CASE WHEN by_account THEN bank_name(name) END AS ten_chu_tai_khoan,
    coded('1', 'Có', district) AS xac_thuc_dan_cu,
    day_text(least(as_of(), coalesce(death + 10, greatest(since, date_trunc('month', as_of())::DATE))), district) AS ngay_cap_nhat
FROM paid WHERE since <= as_of()
