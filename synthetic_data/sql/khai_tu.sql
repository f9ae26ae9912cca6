WITH cause(cause, text, where_died) AS (VALUES (0, 'Già yếu', 'nha'), (1, 'Tai nạn giao thông', 'duong'), (2, 'Bệnh tim mạch', 'vien'),
    (3, 'Tai biến mạch máu não', 'vien'), (4, 'Ung thư', 'nha'), (5, 'Viêm phổi', 'vien'), (6, 'Bệnh', 'nha')),
-- The notice of death: of the commune, of the police or of the health facility.
died AS (
    SELECT e.*, CASE WHEN c.where_died = 'duong' THEN 'duong' ELSE death_site(l.district, year(p.death), c.where_died = 'vien', u('noi_chet', p.id)) END AS site,
        CASE site WHEN 'nha' THEN '1' WHEN 'duong' THEN '4' ELSE '5' END AS notice, c.text AS why
    FROM funerals e JOIN person p ON p.id = e.person JOIN place l ON l.old = e.old JOIN cause c USING (cause))
SELECT
    n.code AS _code, n.district AS _district, n.year AS _year, n.date AS _date, n.era AS _era, n.seq AS _seq,
    e.planted AS _planted, e.eid AS _eid, p.id AS _nkt, p.birth AS _ngay_sinh, p.death AS _ngay_chet, e.form AS _loai,
    lo_month(n.code, n.date) AS _lo_month, lo_typist(n.code, n.district, n.year) AS _lo_typist, n.kind || n.code || '.' || n.book AS _lo_book, n.code::VARCHAR AS _lo_unit,
    l.code_old::VARCHAR AS _ma_cu, l.code_new::VARCHAR AS _ma_moi, g.code::VARCHAR AS _ma_canh, lo_page(n.code, n.book, n.seq, 1) AS _lo_page,
    so_text(n.seq, n.year) AS so, n.book AS "quyenSo",
    CASE WHEN u('trang_kt', e.eid) < 0.9 THEN n.seq::VARCHAR END AS "trangSo",
    d(n.date) AS "ngayDangKy", coded(e.form, form_text(e.form), n.district) AS "loaiDangKy", n.code::VARCHAR AS "noiDangKy",
    nm(p.name, n.date) AS "nktHoTen", coded(p.sex_code, p.sex_text, n.district) AS "nktGioiTinh",
    born(p.birth, p.whole_date, n.date, u('tuoi_kt', e.eid)) AS "nktNgaySinh",
    coded(p.ethnic_code, p.ethnic, n.district) AS "nktDanToc", coded('VN', 'Việt Nam', n.district) AS "nktQuocTich",
    coded('1', 'Thường trú', n.district) AS "nktLoaiCuTru", p.hamlet || ', ' || era(l.text3, l.text2, n.date) AS "nktNoiCuTru",
    CASE WHEN p.death < p.birth + INTERVAL 14 YEAR AND p.pin IS NOT NULL THEN coded('8', paper_text('8'), n.district)
        ELSE coded(paper_kind(p.papers, p.death), paper_text(paper_kind(p.papers, p.death)), n.district) END AS "nktLoaiGiayToTuyThan",
    CASE WHEN p.death < p.birth + INTERVAL 14 YEAR THEN p.pin ELSE paper_no(p.papers, p.death) END AS "nktSoGiayToTuyThan",
    d(paper_day(p.papers, p.death)) AS "nktNgayCapGiayToTuyThan", paper_place(p.papers, p.death) AS "nktNoiCapGiayToTuyThan",
    d(p.death) AS "nktNgayChet", words(p.death) AS "nktNgayChetGhiBangChu",
    CASE WHEN n.year >= 2006 THEN lpad((floor(u('gio', p.id) * 24)::INTEGER)::VARCHAR, 2, '0') || ' giờ '
        || lpad((floor(u('phut', p.id) * 12)::INTEGER * 5)::VARCHAR, 2, '0') || ' phút' END AS "nktGioPhutChet",
    CASE e.site WHEN 'vien' THEN hospital(l.district, l.district_text, p.death) || ', ' || era(z.text3, z.text2, n.date)
        WHEN 'tram' THEN 'Trạm y tế ' || era(l.text3, l.text2, n.date)
        WHEN 'nha' THEN 'Tại nhà, ' || p.hamlet || ', ' || era(l.text3, l.text2, n.date) ELSE era(l.text3, l.text2, n.date) END AS "nktNoiChet",
    e.why AS "nktNguyenNhanChet", coded(e.notice, CASE e.notice WHEN '1' THEN 'Giấy báo tử'
        WHEN '4' THEN 'Văn bản của cơ quan công an hoặc kết quả giám định' ELSE 'Giấy báo tử của cơ sở y tế' END, n.district) AS "gbtLoai",
    (floor(u('gbt', p.id) * 80)::INTEGER + 1) || '/GBT' AS "gbtSo", d(least(p.death + 1, n.date)) AS "gbtNgay",
    CASE e.site WHEN 'nha' THEN 'Ủy ban nhân dân ' || era(l.text3, l.text2, n.date) WHEN 'duong' THEN 'Công an ' || l.district_text
        WHEN 'tram' THEN 'Trạm y tế ' || era(l.text3, l.text2, n.date) ELSE hospital(l.district, l.district_text, p.death) END AS "gbtCoQuanCap",
    nm(q.name, n.date) AS "nycHoTen", CASE WHEN q.id IS NULL THEN NULL WHEN e.asker_is_child THEN 'Con' WHEN q.sex_code = '1' THEN 'Chồng' ELSE 'Vợ' END AS "nycQuanHe",
    coded(paper_kind(q.papers, n.date), paper_text(paper_kind(q.papers, n.date)), n.district) AS "nycLoaiGiayToTuyThan",
    paper_no(q.papers, n.date) AS "nycSoGiayToTuyThan", d(paper_day(q.papers, n.date)) AS "nycNgayCapGiayToTuyThan",
    paper_place(q.papers, n.date) AS "nycNoiCapGiayToTuyThan",
    nm(s.nguoi_ky, n.date) AS "nguoiKy", s.chuc_vu AS "chucVuNguoiKy", nm(s.nguoi_thuc_hien, n.date) AS "nguoiThucHien"
FROM died e JOIN numbered n ON n.kind = 'KT' AND n.eid = e.eid AND n.delivered
JOIN person p ON p.id = e.person JOIN place l ON l.old = e.old JOIN seat z ON z.district = l.district
LEFT JOIN neighbour g ON g.old = e.old
LEFT JOIN person q ON q.id = e.asker
LEFT JOIN signer s ON s.code = n.code AND s.era = n.era AND s.term = n.year // 5
