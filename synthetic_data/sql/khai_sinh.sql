-- A parent who recognised the child after the entry stands in it: the entry is amended (domain.md CM03).
SELECT
    n.code AS _code, n.district AS _district, n.year AS _year, n.date AS _date, n.era AS _era, n.seq AS _seq,
    e.planted AS _planted, e.eid AS _eid, p.id AS _nks, f.id AS _cha, m.id AS _me,
    p.birth AS _ngay_sinh, m.birth AS _me_sinh, p.whole_date AS _du_ngay, e.form AS _loai,
    CASE WHEN e.father < 0 AND f.id IS NOT NULL THEN 'cha' WHEN e.mother < 0 AND m.id IS NOT NULL THEN 'me' END AS _bo_sung,
    CASE WHEN c.eid IS NOT NULL THEN corrected_from(p.birth, p.whole_date, p.id) END AS _truoc_cai_chinh,
    lo_month(n.code, n.date) AS _lo_month, lo_typist(n.code, n.district, n.year) AS _lo_typist, n.kind || n.code || '.' || n.book AS _lo_book, n.code::VARCHAR AS _lo_unit,
    l.code_old::VARCHAR AS _ma_cu, l.code_new::VARCHAR AS _ma_moi, g.code::VARCHAR AS _ma_canh, era(l.text3, l.text2, n.date) AS _dia_danh, lo_page(n.code, n.book, n.seq, 2) AS _lo_page,
    so_text(n.seq, n.year) AS so, n.book AS "quyenSo",
    CASE WHEN u('trang_ks', e.eid) < 0.9 THEN ((n.seq + 1) // 2)::VARCHAR END AS "trangSo",
    d(n.date) AS "ngayDangKy", coded(e.form, form_text(e.form), n.district) AS "loaiDangKy", n.code::VARCHAR AS "noiDangKy",
    nm(p.name, n.date) AS "nksHoTen", coded(p.sex_code, p.sex_text, n.district) AS "nksGioiTinh",
    CASE WHEN p.whole_date THEN d(p.birth) ELSE year(p.birth)::VARCHAR END AS "nksNgaySinh",
    CASE WHEN p.whole_date AND n.year >= 2000 THEN words(p.birth) END AS "nksNgaySinhBangChu",
    CASE birth_site(l.district, year(p.birth), u('noi_sinh', p.id))
        WHEN 'vien' THEN hospital(l.district, l.district_text, p.birth) || ', ' || era(z.text3, z.text2, n.date)
        WHEN 'nha' THEN 'Tại nhà, ' || coalesce(f.hamlet, m.hamlet, p.hamlet) || ', ' || era(l.text3, l.text2, n.date)
        ELSE 'Trạm y tế ' || era(l.text3, l.text2, n.date) END AS "nksNoiSinh",
    CASE WHEN birth_site(l.district, year(p.birth), u('noi_sinh', p.id)) = 'vien' THEN era(z.text3, z.text2, n.date) ELSE era(l.text3, l.text2, n.date) END AS "nksNoiSinhDVHC", era(p.que3, p.que2, n.date) AS "nksQueQuan",
    coded(p.ethnic_code, p.ethnic, n.district) AS "nksDanToc", coded('VN', 'Việt Nam', n.district) AS "nksQuocTich",
    CASE WHEN f.id IS NULL THEN coded('3', 'Chưa xác định được cha', n.district) WHEN m.id IS NULL THEN coded('2', 'Chưa xác định được mẹ', n.district)
        ELSE coded('1', 'Xác định được cả cha lẫn mẹ', n.district) END AS "nksLoaiKhaiSinh",
    CASE WHEN n.date >= DATE '2016-01-01' THEN p.pin END AS "nksSoDinhDanhCaNhan",
    nm(m.name, n.date) AS "meHoTen", born(m.birth, m.whole_date, n.date, u('tuoi_me', e.eid)) AS "meNgaySinh",
    coded(m.ethnic_code, m.ethnic, n.district) AS "meDanToc", coded(m.nationality, m.nationality_text, n.district) AS "meQuocTich",
    CASE WHEN m.id IS NOT NULL THEN coded('1', 'Thường trú', n.district) END AS "meLoaiCuTru", CASE WHEN m.id IS NOT NULL THEN coalesce(f.hamlet, m.hamlet) END || ', ' || era(l.text3, l.text2, n.date) AS "meNoiCuTru",
    coded(paper_kind(m.papers, n.date), paper_text(paper_kind(m.papers, n.date)), n.district) AS "meLoaiGiayToTuyThan",
    paper_no(m.papers, n.date) AS "meSoGiayToTuyThan",
    nm(f.name, n.date) AS "chaHoTen", born(f.birth, f.whole_date, n.date, u('tuoi_cha', e.eid)) AS "chaNgaySinh",
    coded(f.ethnic_code, f.ethnic, n.district) AS "chaDanToc", coded(f.nationality, f.nationality_text, n.district) AS "chaQuocTich",
    CASE WHEN f.id IS NOT NULL THEN coded('1', 'Thường trú', n.district) END AS "chaLoaiCuTru",
    f.hamlet || ', ' || era(l.text3, l.text2, n.date) AS "chaNoiCuTru",
    coded(paper_kind(f.papers, n.date), paper_text(paper_kind(f.papers, n.date)), n.district) AS "chaLoaiGiayToTuyThan",
    paper_no(f.papers, n.date) AS "chaSoGiayToTuyThan",
    nm(q.name, n.date) AS "nycHoTen",
    CASE WHEN q.id = p.id THEN 'Bản thân' WHEN q.id = f.id THEN 'Cha' WHEN q.id = m.id THEN 'Mẹ' END AS "nycQuanHe",
    coded(paper_kind(q.papers, n.date), paper_text(paper_kind(q.papers, n.date)), n.district) AS "nycLoaiGiayToTuyThan",
    paper_no(q.papers, n.date) AS "nycSoGiayToTuyThan", d(paper_day(q.papers, n.date)) AS "nycNgayCapGiayToTuyThan",
    paper_place(q.papers, n.date) AS "nycNoiCapGiayToTuyThan",
    nm(s.nguoi_ky, n.date) AS "nguoiKy", s.chuc_vu AS "chucVuNguoiKy", nm(s.nguoi_thuc_hien, n.date) AS "nguoiThucHien",
    correction_note(p.birth, p.whole_date, p.id, n.date) AS "ghiChu"
FROM births e JOIN numbered n ON n.kind = 'KS' AND n.eid = e.eid AND n.delivered
JOIN person p ON p.id = e.person LEFT JOIN person m ON m.id = coalesce(nullif(e.mother, -1), p.mother)
LEFT JOIN person f ON f.id = coalesce(nullif(e.father, -1), p.father)
JOIN place l ON l.old = e.old JOIN seat z ON z.district = l.district
LEFT JOIN neighbour g ON g.old = e.old
LEFT JOIN (SELECT c.eid, c.ks FROM change c JOIN numbered n ON n.kind = 'TDCC' AND n.eid = c.eid WHERE c.field = 2 AND c.planted = '') c ON c.ks = e.eid
LEFT JOIN person q ON q.id = CASE WHEN e.form = '2' THEN p.id
    WHEN f.id IS NOT NULL AND coalesce(f.death > n.date, TRUE) AND (u('nyc_ks', e.eid) < 0.6 OR m.id IS NULL OR m.death <= n.date) THEN f.id
    WHEN coalesce(m.death > n.date, TRUE) THEN m.id END
LEFT JOIN signer s ON s.code = n.code AND s.era = n.era AND s.term = n.year // 5
