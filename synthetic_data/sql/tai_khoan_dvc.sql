-- Accounts on the one-stop system; no figure of domain.md 4.6 says how many there are, so all shares are our own guesses.
-- Accounts made before mid-2021 knew the CMND; the PIN was put beside it later.
WITH owner AS (
    SELECT p.id, p.pin, p.cmnd, p.cmnd_day, p.name, p.birth, p.death, p.card_day, l.district, l.code_old, l.code_new, kind.org,
        greatest(DATE '2015-01-01', (p.birth + INTERVAL 16 YEAR)::DATE) AS opens, least(as_of(), coalesce(p.death - 1, as_of())) AS seen,
        least(end_of_data(), coalesce(p.death - 1, end_of_data())) AS seen_at_end
    FROM citizen c JOIN person p ON p.id = c.id JOIN place l ON l.old = p.home_old CROSS JOIN (VALUES (0), (1)) kind(org)
    WHERE p.pin IS NOT NULL AND coalesce(p.death >= as_of() - 730, TRUE) AND u(CASE kind.org WHEN 0 THEN 'dvc' ELSE 'dvc_to_chuc' END, p.id) < CASE kind.org WHEN 0 THEN 0.30 ELSE 0.006 END
        AND p.birth + INTERVAL 16 YEAR < least(as_of(), coalesce(p.death - 1, as_of()))),
made AS (
    SELECT *, opens + (u('dvc_tao', 2 * id + org) * (seen_at_end - opens))::INTEGER AS made FROM owner WHERE opens < seen),
account AS (
    SELECT *, made + (u('dvc_vao', 2 * id + org) ^ 0.6 * (seen - made))::INTEGER AS last_seen,
        org = 0 AND cmnd IS NOT NULL AND cmnd_day <= made AND made < DATE '2021-07-01' AS by_cmnd
    FROM made WHERE made <= as_of())
SELECT
    year(made) AS _year, made AS _date, district AS _district, '' AS _planted, id AS _p, org AS _to_chuc, death AS _ngay_chet, last_seen AS _dang_nhap, cmnd AS _cmnd, by_cmnd AS _theo_cmnd,
    CASE WHEN org = 1 THEN '29' || code8(id, 53) WHEN by_cmnd THEN cmnd WHEN u('dvc_ten', id) < 0.85 THEN pin ELSE h.text || '.' || code8(id, 41) END AS ten_dang_nhap,
    coded(CASE org WHEN 1 THEN '2' ELSE '1' END, CASE org WHEN 1 THEN 'Tổ chức' ELSE 'Công dân' END, district) AS loai,
    pin AS so_dinh_danh, CASE WHEN by_cmnd THEN cmnd END AS so_cmnd,
    CASE WHEN org = 1 THEN '29' || code8(id, 53) END AS ma_so_thue, name AS ho_ten, CASE WHEN org = 1 THEN o.text END AS ten_to_chuc,
    phone(id) AS so_dien_thoai, CASE WHEN org = 1 OR u('dvc_thu', id) < 0.4 THEN h.text || (id % 1000) || '@example.com' END AS thu_dien_tu,
    CASE WHEN made < DATE '2025-07-01' THEN code_old ELSE code_new END AS ma_dvhc, day_text(made, district) AS ngay_tao, day_text(last_seen, district) AS lan_dang_nhap_cuoi,
    coded(CASE WHEN linked THEN '1' ELSE '0' END, CASE WHEN linked THEN 'Có' ELSE 'Không' END, district) AS da_lien_ket_vneid,
    coded(CASE WHEN death IS NULL THEN '1' ELSE '0' END, CASE WHEN death IS NULL THEN 'Hoạt động' ELSE 'Đã khóa' END, district) AS trang_thai
FROM (SELECT *, last_seen >= DATE '2024-07-01' AND coalesce(eid_active(card_day, id) <= last_seen, FALSE) AS linked FROM account) a
JOIN pool h ON h.kind = 'handle' AND h.number = hash(a.id, 'handle') % 2000
JOIN pool o ON o.kind = 'company' AND o.number = hash(a.id, 'company') % 1000
