-- cm is the one who recognises, nc the one who is recognised; kind 1 cha nhận con, 2 mẹ nhận con, 3 con nhận cha, 4 con nhận mẹ.
SELECT
    n.code AS _code, n.district AS _district, n.year AS _year, n.date AS _date, n.era AS _era, n.seq AS _seq,
    '' AS _planted, e.eid AS _eid, a.id AS _cm, b.id AS _nc, e.kind::VARCHAR AS _loai, a.birth AS _cm_sinh, b.birth AS _nc_sinh, a.whole_date AND b.whole_date AS _du_ngay,
    so_text(n.seq, n.year) AS so, n.book AS "quyenSo", CASE WHEN u('trang_cmc', e.eid) < 0.9 THEN n.seq::VARCHAR END AS "trangSo",
    n.seq || '/' || CASE WHEN n.year < 2016 THEN 'QĐ-UBND' ELSE 'TLTN' END AS "quyetDinhSo", d(n.date) AS "ngayDangKy",
    coded('1', 'Đúng hạn', n.district) AS "loaiDangKy", n.code::VARCHAR AS "noiDangKy",
    coded(e.kind::VARCHAR, ['Cha nhận con', 'Mẹ nhận con', 'Con nhận cha', 'Con nhận mẹ'][e.kind::INTEGER], n.district) AS "loaiXacNhan",
    nm(a.name, n.date) AS "cmHoTen", coded(a.sex_code, a.sex_text, n.district) AS "cmGioiTinh", born(a.birth, a.whole_date, n.date, u('tuoi_cm', e.eid)) AS "cmNgaySinh",
    coded(a.ethnic_code, a.ethnic, n.district) AS "cmDanToc", coded(a.nationality, a.nationality_text, n.district) AS "cmQuocTich", era(a.que3, a.que2, n.date) AS "cmQueQuan",
    coded('1', 'Thường trú', n.district) AS "cmLoaiCuTru", a.hamlet || ', ' || era(a.own3, a.own2, n.date) AS "cmNoiCuTru",
    coded(paper_kind(a.papers, n.date), paper_text(paper_kind(a.papers, n.date)), n.district) AS "cmLoaiGiayToTuyThan", paper_no(a.papers, n.date) AS "cmSoGiayToTuyThan",
    nm(b.name, n.date) AS "ncHoTen", coded(b.sex_code, b.sex_text, n.district) AS "ncGioiTinh", CASE WHEN b.whole_date THEN d(b.birth) ELSE year(b.birth)::VARCHAR END AS "ncNgaySinh",
    coded(b.ethnic_code, b.ethnic, n.district) AS "ncDanToc", coded(b.nationality, b.nationality_text, n.district) AS "ncQuocTich", era(b.que3, b.que2, n.date) AS "ncQueQuan",
    coded('1', 'Thường trú', n.district) AS "ncLoaiCuTru", b.hamlet || ', ' || era(b.own3, b.own2, n.date) AS "ncNoiCuTru",
    CASE WHEN n.date < b.birth + INTERVAL 14 YEAR AND n.date >= DATE '2016-01-01' AND b.pin IS NOT NULL THEN coded('8', paper_text('8'), n.district)
        ELSE coded(paper_kind(b.papers, n.date), paper_text(paper_kind(b.papers, n.date)), n.district) END AS "ncLoaiGiayToTuyThan",
    CASE WHEN n.date < b.birth + INTERVAL 14 YEAR AND n.date >= DATE '2016-01-01' THEN b.pin ELSE paper_no(b.papers, n.date) END AS "ncSoGiayToTuyThan",
    nm(a.name, n.date) AS "nycHoTen", CASE e.kind WHEN 1 THEN 'Cha' WHEN 2 THEN 'Mẹ' ELSE 'Con' END AS "nycQHNguoiDuocNhan", 'Bản thân' AS "nycQHNguoiNhan",
    coded(paper_kind(a.papers, n.date), paper_text(paper_kind(a.papers, n.date)), n.district) AS "nycLoaiGiayToTuyThan", paper_no(a.papers, n.date) AS "nycSoGiayToTuyThan",
    nm(s.nguoi_ky, n.date) AS "nguoiKy", s.chuc_vu AS "chucVuNguoiKy", nm(s.nguoi_thuc_hien, n.date) AS "nguoiThucHien"
FROM recognition e JOIN numbered n ON n.kind = 'CMC' AND n.eid = e.eid AND n.delivered
JOIN person a ON a.id = e.recogniser JOIN person b ON b.id = e.person
LEFT JOIN signer s ON s.code = n.code AND s.era = n.era AND s.term = n.year // 5
