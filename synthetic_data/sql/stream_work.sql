-- Which planted errors officers correct, when and how. Numbers in braces come from data/campaign_work.yaml; the cells that one
-- kind wrote in one row are corrected together. Draws hang on the record and the kind alone.
CREATE MACRO stream.wrong_value(x, id) AS CASE
    WHEN x IN ('CHUA_KET_HON', 'DANG_CO_VO_CHONG', 'LY_HON', 'GOA')
        THEN ['CHUA_KET_HON', 'DANG_CO_VO_CHONG', 'LY_HON', 'GOA', 'CHUA_KET_HON', 'DANG_CO_VO_CHONG'][list_position(['CHUA_KET_HON', 'DANG_CO_VO_CHONG', 'LY_HON', 'GOA'], x) + 1 + id % 2]
    WHEN x IN ('Chưa kết hôn', 'Đang có vợ/chồng', 'Đã ly hôn', 'Góa')
        THEN ['Chưa kết hôn', 'Đang có vợ/chồng', 'Đã ly hôn', 'Góa', 'Chưa kết hôn', 'Đang có vợ/chồng'][list_position(['Chưa kết hôn', 'Đang có vợ/chồng', 'Đã ly hôn', 'Góa'], x) + 1 + id % 2]
    WHEN main.ymd(x) IS NOT NULL THEN main.other_year(x, year(main.ymd(x)) - 1)
    WHEN regexp_matches(x, '^[0-9]{{9,12}}$') THEN main.next_key(x, length(x) - 1 - id % 4)
    WHEN length(x) > 4 THEN main.without(x, 3 + id % (length(x) - 3)) END;
CREATE TABLE stream.task AS
WITH grouped AS (
    SELECT register, _row, kind, any_value(unit) AS unit, bool_or(first) AS first,
        coalesce(min(field) FILTER (field = 'tinh_trang_hon_nhan'), min(field)) AS main_field
    FROM stream.candidate GROUP BY ALL),
paced AS (
    SELECT g.*, p.name AS pace, p.width, p.done * CASE WHEN first THEN 1 ELSE {others_share} END AS done,
        p.middle + CASE WHEN first THEN 0 ELSE {others_later} END AS middle,
        (SELECT count(*) FROM stream.working) AS n, greatest(1e-9, u('lam_ngay.' || register || kind, _row)) AS x,
        u('don_viec.' || register || kind, _row) < {push_share} AS pushed,
        kind = 'tinh_trang_trong' AND u('dien_het', unit) < {fill_communes} AND u('dien_het_dong', _row) < {fill_share} AS filled
    FROM grouped g ASOF JOIN (SELECT *, coalesce(lag(upto) OVER (ORDER BY nth), 0) AS from_share FROM stream.pace) p
        ON u('nhip_do', g.unit) >= p.from_share),
timed AS (
    SELECT *, least({push_days}, n) AS late_days, middle + width * ln(x / (1 - least(x, 1 - 1e-9))) AS share_of_time FROM paced
    WHERE filled OR u('lam.' || register || kind, _row) < done)
SELECT register, _row, kind, unit, pace, first, main_field, filled, n,
    CASE WHEN filled THEN n - 1 - floor(u('dien_het_ngay', unit) * late_days)::BIGINT
        WHEN pushed THEN n - 1 - floor(u('don_ngay.' || register || kind, _row) * late_days)::BIGINT
        ELSE greatest(0, least(n - 1, floor(share_of_time * n)::BIGINT)) END AS nth,
    NOT filled AND u('sua_sai.' || register || kind, _row) < {wrong_share} AS wrong,
    NOT filled AND u('lui_lai.' || register || kind, _row) < {undone_share} AS undone,
    {back_from} + floor(u('lui_ngay.' || register || kind, _row) * {back_span})::BIGINT AS back_after,
    {again_from} + floor(u('lai_ngay.' || register || kind, _row) * {again_span})::BIGINT AS again_after
FROM timed;
CREATE TABLE stream.correction AS
WITH cell AS (
    SELECT t.*, c.field, c.true_value, c.written_value, t.wrong AND c.field = t.main_field AS cell_wrong,
        CASE WHEN t.filled THEN CASE WHEN c.true_value = upper(c.true_value) THEN 'CHUA_KET_HON' ELSE 'Chưa kết hôn' END
            WHEN t.wrong AND c.field = t.main_field THEN coalesce(nullif(stream.wrong_value(c.true_value, t._row), c.written_value), c.true_value)
            ELSE c.true_value END AS new_value
    FROM stream.task t JOIN stream.candidate c USING (register, _row, kind)),
step AS (
    SELECT *, nth AS at, CASE WHEN filled THEN 'dien_hang_loat' WHEN new_value IS DISTINCT FROM true_value THEN 'sua_sai' ELSE 'sua_dung' END AS work,
        written_value AS old_value FROM cell
    UNION ALL BY NAME
    SELECT * REPLACE (written_value AS new_value), nth + back_after AS at, 'lui_lai' AS work, true_value AS old_value FROM cell WHERE undone AND NOT wrong
    UNION ALL BY NAME
    SELECT *, nth + back_after + again_after AS at, 'sua_lai' AS work, written_value AS old_value FROM cell WHERE undone AND NOT wrong)
SELECT s.register, s._row, s.field, s.kind, w.day, s.work, s.old_value, s.new_value, s.new_value IS NOT DISTINCT FROM s.true_value AS correct, s.unit, s.pace, s.first
FROM step s JOIN stream.working w ON w.nth = s.at
WHERE s.new_value IS DISTINCT FROM s.old_value;
INSERT INTO stream.worked SELECT DISTINCT register, _row, day FROM stream.correction;
