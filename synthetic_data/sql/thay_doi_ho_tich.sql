-- One row an act of change; g is the birth entry that it changes. The paper of a corrected birth date is the one that the margin names.
SELECT
    n.code AS _code, n.district AS _district, n.year AS _year, n.date AS _date, n.era AS _era, n.seq AS _seq,
    c.planted AS _planted, c.eid AS _eid, p.id AS _ntd, c.field AS _loai, c.act AS _viec, t.name AS _truong,
    so_text(n.seq, n.year) AS so, n.book AS "quyenSo", CASE WHEN u('trang_tdcc', c.eid) < 0.9 THEN ((n.seq + 1) // 2)::VARCHAR END AS "trangSo",
    d(n.date) AS "ngayDangKy", n.code::VARCHAR AS "noiDangKy", coded(c.act, v.name, n.district) AS "loaiViec",
    'KS' AS "gocLoaiSo", so_text(g.seq, g.year) AS "gocSo", g.book AS "gocQuyenSo", d(g.date) AS "gocNgayDangKy", g.code::VARCHAR AS "gocNoiDangKy",
    nm(p.name, n.date) AS "ntdHoTen", coded(p.sex_code, p.sex_text, n.district) AS "ntdGioiTinh",
    CASE WHEN c.field = 2 THEN c.was WHEN p.whole_date THEN d(p.birth) ELSE year(p.birth)::VARCHAR END AS "ntdNgaySinh",
    CASE WHEN n.date >= DATE '2016-01-01' THEN p.pin END AS "ntdSoDinhDanh", coded(c.field::VARCHAR, t.name, n.district) AS "truongThayDoi",
    c.was AS "giaTriCu", coalesce(c.now, nm(r.name, n.date)) AS "giaTriMoi",
    c.basis AS "canCuSo", d(least(c.decided, noted_until())) AS "canCuNgay", 'Ủy ban nhân dân ' || split_part(era(l.text3, l.text2, c.decided), ',', 1) AS "canCuCoQuan",
    nm(q.name, n.date) AS "nycHoTen", CASE q.id WHEN p.id THEN 'Bản thân' WHEN p.father THEN 'Cha' WHEN p.mother THEN 'Mẹ' END AS "nycQuanHe",
    nm(s.nguoi_ky, n.date) AS "nguoiKy", s.chuc_vu AS "chucVuNguoiKy", nm(s.nguoi_thuc_hien, n.date) AS "nguoiThucHien"
FROM change c JOIN numbered n ON n.kind = 'TDCC' AND n.eid = c.eid AND n.delivered
JOIN numbered g ON g.kind = 'KS' AND g.eid = c.ks JOIN person p ON p.id = c.person JOIN place l ON l.old = c.old
JOIN changed_field t ON t.code = c.field::VARCHAR JOIN changed_how v ON v.code = c.act
LEFT JOIN person r ON r.id = c.parent
LEFT JOIN person q ON q.id = CASE WHEN n.date >= p.birth + INTERVAL 18 YEAR THEN p.id ELSE coalesce(nullif(p.mother, -1), nullif(p.father, -1)) END
LEFT JOIN signer s ON s.code = n.code AND s.era = n.era AND s.term = n.year // 5
