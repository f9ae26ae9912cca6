-- Accounts of citizens (the funnel of files, approvals and activations is in macros.sql) and of foreigners with a residence
-- card. Own guesses: the share of level 1, of refused files, and everything about the phones.
WITH owner AS (
    SELECT p.id, p.pin, p.name, p.birth, p.whole_date, p.death, p.sex_code, p.sex_text, l.district, l.code_old, l.code_new,
        u('dd_muc', p.id) < 0.06 AS first_level, eid_day(p.card_day, p.id) AS filed,
        CASE WHEN eid_approved(p.card_day, p.id) <= as_of() THEN eid_approved(p.card_day, p.id) END AS approved,
        CASE WHEN eid_active(p.card_day, p.id) <= least(as_of(), coalesce(p.death, as_of())) THEN eid_active(p.card_day, p.id) END AS activated,
        NULL::VARCHAR AS foreign_pin, NULL::VARCHAR AS passport, NULL::VARCHAR AS residence_card, NULL::DATE AS card_expires, NULL::VARCHAR AS turned,
        'VN' AS nationality, 'Việt Nam' AS nationality_text, p.id AS number
    FROM citizen c JOIN person p ON p.id = c.id JOIN place l ON l.old = p.home_old
    WHERE eid_day(p.card_day, p.id) <= as_of() AND coalesce(p.death >= as_of() - 730 AND p.death > eid_day(p.card_day, p.id), TRUE)
    UNION ALL
    SELECT NULL, NULL, f.name, f.birth, TRUE, NULL, f.sex_code, CASE f.sex_code WHEN '1' THEN 'Nam' ELSE 'Nữ' END, l.district, l.code_old, l.code_new,
        FALSE, f.filed, f.approved, f.activated, CASE WHEN f.approved IS NOT NULL THEN f.number END, f.passport, f.residence_card, f.card_expires, f.given || ' ' || f.family,
        f.nationality, q.name, f.id
    FROM foreigner f JOIN place l ON l.old = f.home_old JOIN country q ON q.code = f.nationality
    WHERE f.filed IS NOT NULL),
state AS (
    SELECT *, CASE WHEN death IS NOT NULL THEN '5' WHEN activated IS NOT NULL THEN '3' WHEN approved IS NOT NULL THEN '2'
        WHEN filed < as_of() - 10 AND u('dd_tu_choi', number) < 0.7 THEN '4' ELSE '1' END AS state
    FROM owner)
SELECT
    year(filed) AS _year, filed AS _date, district AS _district, '' AS _planted, number AS _p, birth AS _ngay_sinh, death AS _ngay_chet, turned AS _ten_dao,
    state AS _trang_thai, id IS NULL AS _nuoc_ngoai,
    'DD' || code8(number, 37) AS ma_tai_khoan, CASE WHEN id IS NULL THEN coded('2', 'Người nước ngoài', district) ELSE coded('1', 'Công dân', district) END AS loai_chu_the,
    pin AS so_dinh_danh, foreign_pin AS so_dinh_danh_nguoi_nuoc_ngoai, passport AS so_ho_chieu, residence_card AS so_the_cu_tru,
    CASE WHEN id IS NULL THEN upper(name) END AS ho_ten_tren_the, day_text(card_expires, district) AS han_the_cu_tru,
    coded(nationality, nationality_text, district) AS quoc_tich, upper(name) AS ho_ten,
    CASE WHEN whole_date THEN day_text(birth, district) ELSE year(birth)::VARCHAR END AS ngay_sinh, coded(sex_code, sex_text, district) AS gioi_tinh,
    CASE WHEN as_of() < DATE '2025-07-01' THEN code_old ELSE code_new END AS ma_dvhc, phone(number) AS so_dien_thoai,
    CASE WHEN first_level THEN coded('1', 'Mức độ 1', district) ELSE coded('2', 'Mức độ 2', district) END AS muc_do,
    day_text(filed, district) AS ngay_dang_ky, day_text(approved, district) AS ngay_phe_duyet, day_text(activated, district) AS ngay_kich_hoat,
    coded(state, CASE state WHEN '1' THEN 'Đã tiếp nhận' WHEN '2' THEN 'Đã phê duyệt' WHEN '3' THEN 'Đã kích hoạt' WHEN '4' THEN 'Bị từ chối' ELSE 'Đã khóa' END, district) AS trang_thai,
    day_text(least(as_of(), coalesce(death + 15, activated, approved, filed)), district) AS ngay_cap_nhat
FROM state
