-- Couples adopt; no relative does (recognition.py). Who gives the child: the mother, else the father, else a home for children.
SELECT
    n.code AS _code, n.district AS _district, n.year AS _year, n.date AS _date, n.era AS _era, n.seq AS _seq,
    e.planted AS _planted, e.eid AS _eid, b.id AS _con, f.id AS _cha, m.id AS _me, b.birth AS _con_sinh, b.whole_date AS _du_ngay,
    so_text(n.seq, n.year) AS so, n.book AS "quyenSo", CASE WHEN u('trang_ncn', e.eid) < 0.9 THEN n.seq::VARCHAR END AS "trangSo",
    n.seq || '/' || n.year || '/GCN' AS "quyetDinhSo", d(n.date) AS "ngayDangKy", coded('1', 'Đúng hạn', n.district) AS "loaiDangKy", n.code::VARCHAR AS "noiDangKy",
    coded('1', 'Không có quan hệ gia đình', n.district) AS "quanHeNhanNuoi",
    nm(b.name, n.date) AS "conNuoiHoTen", coded(b.sex_code, b.sex_text, n.district) AS "conNuoiGioiTinh", CASE WHEN b.whole_date THEN d(b.birth) ELSE year(b.birth)::VARCHAR END AS "conNuoiNgaySinh",
    coded(b.ethnic_code, b.ethnic, n.district) AS "conNuoiDanToc", coded(b.nationality, b.nationality_text, n.district) AS "conNuoiQuocTich", b.hamlet || ', ' || era(b.own3, b.own2, n.date) AS "conNuoiNoiCuTru",
    CASE WHEN n.date >= DATE '2016-01-01' THEN CASE WHEN n.date < b.birth + INTERVAL 14 YEAR AND b.pin IS NOT NULL THEN coded('8', paper_text('8'), n.district)
        ELSE coded(paper_kind(b.papers, n.date), paper_text(paper_kind(b.papers, n.date)), n.district) END END AS "conNuoiLoaiGiayToTuyThan",
    CASE WHEN n.date >= DATE '2016-01-01' THEN CASE WHEN n.date < b.birth + INTERVAL 14 YEAR THEN b.pin ELSE paper_no(b.papers, n.date) END END AS "conNuoiSoGiayToTuyThan",
    nm(f.name, n.date) AS "chaNuoiHoTen", CASE WHEN f.whole_date THEN d(f.birth) ELSE year(f.birth)::VARCHAR END AS "chaNuoiNgaySinh",
    coded(f.ethnic_code, f.ethnic, n.district) AS "chaNuoiDanToc", coded(f.nationality, f.nationality_text, n.district) AS "chaNuoiQuocTich", f.hamlet || ', ' || era(f.own3, f.own2, n.date) AS "chaNuoiNoiCuTru",
    coded(paper_kind(f.papers, n.date), paper_text(paper_kind(f.papers, n.date)), n.district) AS "chaNuoiLoaiGiayToTuyThan", paper_no(f.papers, n.date) AS "chaNuoiSoGiayToTuyThan",
    nm(m.name, n.date) AS "meNuoiHoTen", CASE WHEN m.whole_date THEN d(m.birth) ELSE year(m.birth)::VARCHAR END AS "meNuoiNgaySinh",
    coded(m.ethnic_code, m.ethnic, n.district) AS "meNuoiDanToc", coded(m.nationality, m.nationality_text, n.district) AS "meNuoiQuocTich", CASE WHEN e.planted = '' THEN f.hamlet || ', ' || era(f.own3, f.own2, n.date) ELSE m.hamlet || ', ' || era(m.own3, m.own2, n.date) END AS "meNuoiNoiCuTru",
    coded(paper_kind(m.papers, n.date), paper_text(paper_kind(m.papers, n.date)), n.district) AS "meNuoiLoaiGiayToTuyThan", paper_no(m.papers, n.date) AS "meNuoiSoGiayToTuyThan",
    CASE WHEN g.id IS NULL THEN coded('3', 'Cơ sở nuôi dưỡng', n.district) ELSE coded('1', 'Cha, mẹ đẻ', n.district) END AS "benGiaoLoai", nm(g.name, n.date) AS "benGiaoHoTen",
    coded(paper_kind(g.papers, n.date), paper_text(paper_kind(g.papers, n.date)), n.district) AS "benGiaoLoaiGiayToTuyThan", paper_no(g.papers, n.date) AS "benGiaoSoGiayToTuyThan",
    nm(s.nguoi_ky, n.date) AS "nguoiKy", s.chuc_vu AS "chucVuNguoiKy", nm(s.nguoi_thuc_hien, n.date) AS "nguoiThucHien"
FROM adopted e JOIN numbered n ON n.kind = 'NCN' AND n.eid = e.eid AND n.delivered
JOIN person b ON b.id = e.person JOIN person f ON f.id = e.father JOIN person m ON m.id = e.mother
LEFT JOIN person g ON g.id = coalesce((SELECT x.id FROM person x WHERE x.id = b.mother AND coalesce(x.death > n.date, TRUE)), (SELECT x.id FROM person x WHERE x.id = b.father AND coalesce(x.death > n.date, TRUE)))
LEFT JOIN signer s ON s.code = n.code AND s.era = n.era AND s.term = n.year // 5
