-- One row a file: the last card of each person, and earlier files that were voided. Of 1,810,000 files of Đồng Tháp
-- 1,773,000 gave a card; of 1.65 million of Bình Dương 35,000 cards could not be handed over (domain.md 4.6).
WITH card AS (
    SELECT p.id, p.pin, p.cmnd, p.name, p.birth, p.whole_date, p.death, p.card_day, p.card_expires, p.sex_code, p.sex_text,
        l.district, l.code_old, l.code_new, 0 AS voided
    FROM citizen c JOIN person p ON p.id = c.id JOIN place l ON l.old = p.home_old
    WHERE p.card_day IS NOT NULL AND coalesce(p.death >= as_of() - 730, TRUE)),
file AS (
    SELECT *, card_day - 3 - (u('cc_nop', id) * 22)::INTEGER AS filed,
        CASE WHEN u('cc_khong_tra', id) < 35 / 1650 THEN '4' WHEN card_day + 4 + (u('cc_tra', id) * 20)::INTEGER > least(as_of(), coalesce(death, as_of())) THEN '2' ELSE '3' END AS state
    FROM card
    UNION ALL
    SELECT * REPLACE (1 AS voided), card_day - 200 - (u('cc_huy_ngay', id) * 150)::INTEGER, '5' FROM card WHERE u('cc_huy', id) < 37 / 1773)
SELECT
    year(filed) AS _year, filed AS _date, district AS _district, '' AS _planted, id AS _p, voided AS _huy, birth AS _ngay_sinh, death AS _ngay_chet,
    card_day AS _ngay_cap, state AS _trang_thai, whole_date AS _du_ngay, cmnd AS _cmnd,
    (birth + to_years(CASE WHEN birth + INTERVAL 60 YEAR <= as_of() THEN 60 WHEN birth + INTERVAL 40 YEAR <= as_of() THEN 40 ELSE 25 END))::DATE AS _doi_the,
    'CC-' || year(filed) || '-' || code8(id, 100 * voided + 23) AS so_ho_so, pin AS so_dinh_danh, upper(name) AS ho_ten,
    CASE WHEN whole_date THEN day_text(birth, district) ELSE year(birth)::VARCHAR END AS ngay_sinh, coded(sex_code, sex_text, district) AS gioi_tinh,
    cmnd AS so_cmnd_cu, CASE WHEN as_of() < DATE '2025-07-01' THEN code_old ELSE code_new END AS ma_dvhc,
    CASE WHEN card_day >= DATE '2024-07-01' THEN coded('3', 'Thẻ căn cước', district) ELSE coded('2', 'Căn cước công dân gắn chip', district) END AS loai_the,
    day_text(filed, district) AS ngay_nop_ho_so, CASE WHEN voided = 0 THEN day_text(card_day, district) END AS ngay_cap,
    CASE WHEN voided = 1 THEN NULL WHEN card_day >= DATE '2024-07-01' THEN 'Bộ Công an' ELSE 'Cục Cảnh sát quản lý hành chính về trật tự xã hội' END AS noi_cap,
    CASE WHEN voided = 0 THEN day_text(card_expires, district) END AS han,
    CASE WHEN state = '3' THEN day_text(card_day + 4 + (u('cc_tra', id) * 20)::INTEGER, district) END AS ngay_tra_the,
    coded(state, CASE state WHEN '2' THEN 'Đã cấp, chưa trả' WHEN '3' THEN 'Đã trả' WHEN '4' THEN 'Không trả được' ELSE 'Đã hủy' END, district) AS trang_thai,
    day_text(least(as_of(), CASE voided WHEN 1 THEN filed + 183 ELSE card_day + 24 END), district) AS ngay_cap_nhat
FROM file
