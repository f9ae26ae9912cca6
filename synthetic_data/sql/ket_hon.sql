SELECT
    n.code AS _code, n.district AS _district, n.year AS _year, n.date AS _date, n.era AS _era, n.seq AS _seq,
    e.planted AS _planted, e.eid AS _eid, e.marriage AS _hon_nhan, h.id AS _chong, w.id AS _vo,
    h.birth AS _chong_sinh, w.birth AS _vo_sinh, j.marriage IS NOT NULL AS _da_xu, e.form AS _loai,
    lo_month(n.code, n.date) AS _lo_month, lo_typist(n.code, n.district, n.year) AS _lo_typist, n.kind || n.code || '.' || n.book AS _lo_book, n.code::VARCHAR AS _lo_unit,
    l.code_old::VARCHAR AS _ma_cu, l.code_new::VARCHAR AS _ma_moi, g.code::VARCHAR AS _ma_canh, lo_page(n.code, n.book, n.seq, 1) AS _lo_page,
    h.nationality <> 'VN' OR w.nationality <> 'VN' AS _nuoc_ngoai, h.cmnd AS _chong_cmnd, w.cmnd AS _vo_cmnd,
    so_text(n.seq, n.year) AS so, n.book AS "quyenSo",
    CASE WHEN u('trang_kh', e.eid) < 0.9 THEN n.seq::VARCHAR END AS "trangSo",
    d(n.date) AS "ngayDangKy",
    coded(e.form, CASE e.form WHEN '1' THEN 'Lần đầu' ELSE 'Đăng ký lại' END, n.district) AS "loaiDangKy", n.code::VARCHAR AS "noiDangKy",
    d(e.since_date) AS "ngayXacLapQuanHeHonNhan",
    CASE j.kind WHEN 'ly_hon' THEN coded('1', 'Đã ly hôn', n.district) WHEN 'huy_ket_hon' THEN coded('2', 'Đã hủy việc kết hôn', n.district)
        ELSE CASE WHEN u('tinh_trang', e.eid) < 0.4 THEN coded('0', 'Không có thông tin', n.district) END END AS "tinhTrangKetHon",
    CASE WHEN j.kind = 'huy_ket_hon' THEN d(j.noted_date) END AS "huyKetHonNgayGhiChu",
    CASE WHEN j.kind = 'huy_ket_hon' THEN j.number || ' của ' || j.court END AS "huyKetHonCanCu",
    nm(h.name, n.date) AS "chongHoTen", born(h.birth, h.whole_date, n.date, u('tuoi_chong', e.eid)) AS "chongNgaySinh",
    coded(h.ethnic_code, h.ethnic, n.district) AS "chongDanToc", coded(h.nationality, h.nationality_text, n.district) AS "chongQuocTich",
    coded('1', 'Thường trú', n.district) AS "chongLoaiCuTru",
    CASE WHEN h.nationality = 'VN' THEN h.hamlet || ', ' || era(h.own3, h.own2, n.date) ELSE h.nationality_text END AS "chongNoiCuTru",
    coded(paper_kind(h.papers, n.date), paper_text(paper_kind(h.papers, n.date)), n.district) AS "chongLoaiGiayToTuyThan",
    paper_no(h.papers, n.date) AS "chongSoGiayToTuyThan", d(paper_day(h.papers, n.date)) AS "chongNgayCapGiayToTuyThan",
    paper_place(h.papers, n.date) AS "chongNoiCapGiayToTuyThan",
    nm(w.name, n.date) AS "voHoTen", born(w.birth, w.whole_date, n.date, u('tuoi_vo', e.eid)) AS "voNgaySinh",
    coded(w.ethnic_code, w.ethnic, n.district) AS "voDanToc", coded(w.nationality, w.nationality_text, n.district) AS "voQuocTich",
    coded('1', 'Thường trú', n.district) AS "voLoaiCuTru",
    CASE WHEN w.nationality = 'VN' THEN w.hamlet || ', ' || era(w.own3, w.own2, n.date) ELSE w.nationality_text END AS "voNoiCuTru",
    coded(paper_kind(w.papers, n.date), paper_text(paper_kind(w.papers, n.date)), n.district) AS "voLoaiGiayToTuyThan",
    paper_no(w.papers, n.date) AS "voSoGiayToTuyThan", d(paper_day(w.papers, n.date)) AS "voNgayCapGiayToTuyThan",
    paper_place(w.papers, n.date) AS "voNoiCapGiayToTuyThan",
    nm(s.nguoi_ky, n.date) AS "nguoiKy", s.chuc_vu AS "chucVuNguoiKy", nm(s.nguoi_thuc_hien, n.date) AS "nguoiThucHien",
    CASE WHEN j.kind = 'ly_hon' THEN 'Ly hôn theo ' || j.number || ' ngày ' || strftime(j.judged_date, '%d/%m/%Y') || ' của ' || j.court END AS "ghiChu"
FROM weddings e JOIN numbered n ON n.kind = 'KH' AND n.eid = e.eid AND n.delivered
JOIN person h ON h.id = e.husband JOIN person w ON w.id = e.wife JOIN place l ON l.old = e.old
LEFT JOIN neighbour g ON g.old = e.old
LEFT JOIN judgment j ON j.marriage = e.marriage AND j.noted_date <= as_of()
LEFT JOIN signer s ON s.code = n.code AND s.era = n.era AND s.term = n.year // 5
