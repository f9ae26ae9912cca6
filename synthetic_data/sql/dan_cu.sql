SELECT
    year(as_of()) AS _year, c.touched_date AS _date, l.district AS _district, CASE WHEN c.unentered THEN 'chet_khong_khai_tu' ELSE '' END AS _planted,
    p.id AS _p, p.sex_code AS _gioi_tinh, p.pin AS _pin, p.birth AS _ngay_sinh, p.death AS _ngay_chet, c.status AS _tinh_trang, p.whole_date AS _du_ngay,
    p.death IS NULL AND as_of() >= p.birth + CASE WHEN p.sex_code = '1' THEN INTERVAL 20 YEAR ELSE INTERVAL 18 YEAR END AS _truong_thanh,
    x.name AS _vo_chong_cu, x.pin AS _vo_chong_cu_pin, c.entered AS _co_so_ket_hon, c.settled AS _da_ket_thuc,
    p.hamlet || ', ' || p.home3 AS _dia_chi_cu,
    k.pin AS _pin_khac, k.spouse AS _vo_chong_khac, k.spouse_pin AS _vo_chong_khac_pin,
    c.touched_date >= DATE '2025-07-01' AS _moi, l.code_old::VARCHAR AS _ma_cu, l.code_new::VARCHAR AS _lo_unit,
    lo_month(l.code_new, c.touched_date) AS _lo_month, corrected_from(p.birth, p.whole_date, p.id) AS _truoc_cai_chinh,
    p.pin AS so_dinh_danh, p.cmnd AS so_cmnd, upper(p.name) AS ho_ten,
    CASE WHEN NOT p.whole_date THEN year(p.birth)::VARCHAR ELSE day_text(p.birth, l.district) END AS ngay_sinh,
    coded(p.sex_code, p.sex_text, l.district) AS gioi_tinh,
    p.birth_place3 AS noi_dang_ky_khai_sinh,
    era(p.que3, p.que2, c.touched_date) AS que_quan, coded(p.ethnic_code, p.ethnic, l.district) AS dan_toc,
    CASE WHEN u('ton_giao', p.commune * 40 + p.id % 40) < 0.06 THEN coded('02', 'Công giáo', l.district) ELSE coded('00', 'Không', l.district) END AS ton_giao,
    coded('VN', 'Việt Nam', l.district) AS quoc_tich,
    day_text(p.card_day, l.district) AS ngay_cap_the, CASE WHEN p.card_day >= DATE '2024-07-01' THEN 'Bộ Công an'
        WHEN p.card_day IS NOT NULL THEN 'Cục Cảnh sát quản lý hành chính về trật tự xã hội' END AS noi_cap_the,
    CASE WHEN p.card_day IS NOT NULL THEN day_text(p.card_expires, l.district) END AS han_the,
    upper(f.name) AS cha_ho_ten, f.pin AS cha_so_dinh_danh, upper(m.name) AS me_ho_ten, m.pin AS me_so_dinh_danh,
    CASE WHEN c.status = 'DANG_CO_VO_CHONG' THEN upper(x.name) END AS vo_chong_ho_ten,
    CASE WHEN c.status = 'DANG_CO_VO_CHONG' THEN x.pin END AS vo_chong_so_dinh_danh,
    CASE WHEN l.district::INTEGER % 3 > 0 THEN c.status ELSE CASE c.status WHEN 'CHUA_KET_HON' THEN 'Chưa kết hôn' WHEN 'LY_HON' THEN 'Đã ly hôn'
        WHEN 'GOA' THEN 'Góa' ELSE 'Đang có vợ/chồng' END END AS tinh_trang_hon_nhan,
    day_text(p.death, l.district) AS ngay_chet, (CASE WHEN c.touched_date < DATE '2025-07-01' THEN l.code_old ELSE l.code_new END)::VARCHAR AS ma_dvhc,
    p.hamlet || ', ' || era(p.home3, p.home2, c.touched_date) AS dia_chi,
    CASE WHEN p.birth < end_of_data() - 5800 AND u('dien_thoai', p.id) < 0.75 THEN phone(p.id) END AS so_dien_thoai,
    CASE WHEN p.birth < end_of_data() - 5800 AND u('thu', p.id) < 0.12 THEN 'congdan' || p.id || '@example.com' END AS thu_dien_tu,
    day_text(c.touched_date, l.district) AS ngay_cap_nhat
FROM citizen c JOIN person p ON p.id = c.id JOIN place l ON l.old = p.home_old
-- Somebody near by, and the spouse of somebody near by: found on few columns, a window over whole records is slow.
JOIN (SELECT c.id, lag(p.pin) OVER (PARTITION BY p.sex_code ORDER BY p.commune, p.id) AS pin,
        lag(x.name) OVER alike AS spouse, lag(x.pin) OVER alike AS spouse_pin
    FROM citizen c JOIN person p ON p.id = c.id LEFT JOIN person x ON x.id = c.spouse
    WINDOW alike AS (PARTITION BY p.sex_code, c.status ORDER BY p.commune, p.id)) k ON k.id = c.id
LEFT JOIN person f ON f.id = p.father LEFT JOIN person m ON m.id = p.mother LEFT JOIN person x ON x.id = c.spouse
