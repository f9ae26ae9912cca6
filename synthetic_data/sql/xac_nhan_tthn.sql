SELECT
    n.code AS _code, n.district AS _district, n.year AS _year, n.date AS _date, n.era AS _era, n.seq AS _seq,
    '' AS _planted, e.eid AS _eid, p.id AS _nxn, p.birth AS _ngay_sinh, e.status AS _tinh_trang,
    lo_month(n.code, n.date) AS _lo_month, lo_typist(n.code, n.district, n.year) AS _lo_typist, n.kind || n.code || '.' || n.book AS _lo_book, n.code::VARCHAR AS _lo_unit,
    l.code_old::VARCHAR AS _ma_cu, g.code::VARCHAR AS _ma_canh,
    so_text(n.seq, n.year) AS so, n.book AS "quyenSo",
    CASE WHEN u('trang_hn', e.eid) < 0.9 THEN n.seq::VARCHAR END AS "trangSo",
    d(n.date) AS "ngayDangKy", n.code::VARCHAR AS "noiDangKy", n.code::VARCHAR AS "noiCap",
    nm(p.name, n.date) AS "nxnHoTen", coded(p.sex_code, p.sex_text, n.district) AS "nxnGioiTinh",
    CASE WHEN p.whole_date THEN d(p.birth) ELSE year(p.birth)::VARCHAR END AS "nxnNgaySinh",
    coded(p.ethnic_code, p.ethnic, n.district) AS "nxnDanToc", coded('VN', 'Việt Nam', n.district) AS "nxnQuocTich",
    coded('1', 'Thường trú', n.district) AS "nxnLoaiCuTru", p.hamlet || ', ' || era(l.text3, l.text2, n.date) AS "nxnNoiCuTru",
    coded(paper_kind(p.papers, n.date), paper_text(paper_kind(p.papers, n.date)), n.district) AS "nxnLoaiGiayToTuyThan",
    paper_no(p.papers, n.date) AS "nxnSoGiayToTuyThan", d(paper_day(p.papers, n.date)) AS "nxnNgayCapGiayToTuyThan",
    paper_place(p.papers, n.date) AS "nxnNoiCapGiayToTuyThan",
    p.hamlet || ', ' || era(l.text3, l.text2, n.date) AS "nxnThoiGianCuTruTai",
    d((p.birth + CASE WHEN p.sex_code = '1' THEN INTERVAL 20 YEAR ELSE INTERVAL 18 YEAR END)::DATE) AS "nxnThoiGianCuTruTu",
    d(n.date) AS "nxnThoiGianCuTruDen",
    CASE WHEN n.district::INTEGER % 2 = 0 THEN e.status ELSE CASE e.status WHEN 'CHUA_KET_HON' THEN 'Chưa kết hôn' WHEN 'LY_HON' THEN 'Đã ly hôn'
        WHEN 'GOA' THEN 'Góa' ELSE 'Đang có vợ/chồng' END END AS "nxnTinhTrangHonNhan",
    coded(e.purpose, CASE e.purpose WHEN '1' THEN 'Kết hôn trong nước với người Việt Nam' ELSE 'Mục đích khác' END, n.district) AS "nxnLoaiMucDichSuDung",
    CASE e.purpose WHEN '1' THEN 'Để đăng ký kết hôn' ELSE 'Để làm thủ tục vay vốn, chuyển nhượng quyền sử dụng đất' END AS "nxnMucDichSuDung",
    nm(p.name, n.date) AS "nycHoTen", 'Bản thân' AS "nycQuanHe",
    coded(paper_kind(p.papers, n.date), paper_text(paper_kind(p.papers, n.date)), n.district) AS "nycLoaiGiayToTuyThan",
    paper_no(p.papers, n.date) AS "nycSoGiayToTuyThan", d(paper_day(p.papers, n.date)) AS "nycNgayCapGiayToTuyThan",
    paper_place(p.papers, n.date) AS "nycNoiCapGiayToTuyThan",
    nm(s.nguoi_ky, n.date) AS "nguoiKy", s.chuc_vu AS "chucVuNguoiKy", nm(s.nguoi_thuc_hien, n.date) AS "nguoiThucHien"
FROM certificates e JOIN numbered n ON n.kind = 'HN' AND n.eid = e.eid AND n.delivered
JOIN person p ON p.id = e.person JOIN place l ON l.old = e.old
LEFT JOIN neighbour g ON g.old = e.old
LEFT JOIN signer s ON s.code = n.code AND s.era = n.era AND s.term = n.year // 5
