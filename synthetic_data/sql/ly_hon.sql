-- A marriage entered elsewhere or in a lost book still has a certificate, so the court knows a number.
SELECT
    year(j.judged_date) AS _year, j.judged_date AS _date, j.district AS _district, '' AS _planted, j.marriage AS _hon_nhan, h.id AS _chong, w.id AS _vo,
    j.judged_date AS _ngay_ban_an, j.effective_date AS _hieu_luc, t.married_date AS _ngay_cuoi,
    'Tòa án nhân dân ' || (SELECT any_value(district_text) FROM place WHERE district = j.district) AS _toa_huyen, lo_month(j.district, j.judged_date) AS _lo_month,
    j.number AS so_ban_an, strftime(j.judged_date, '%d/%m/%Y') AS ngay_ban_an, strftime(j.effective_date, '%d/%m/%Y') AS ngay_hieu_luc,
    j.court AS toa_an, j.kind AS loai_viec,
    nm(h.name, j.judged_date) AS chong_ho_ten, CASE WHEN h.whole_date THEN strftime(h.birth, '%d/%m/%Y') ELSE year(h.birth)::VARCHAR END AS chong_ngay_sinh,
    paper_no(h.papers, j.judged_date) AS chong_so_giay_to,
    nm(w.name, j.judged_date) AS vo_ho_ten, CASE WHEN w.whole_date THEN strftime(w.birth, '%d/%m/%Y') ELSE year(w.birth)::VARCHAR END AS vo_ngay_sinh,
    paper_no(w.papers, j.judged_date) AS vo_so_giay_to,
    coalesce(so_text(n.seq, n.year), so_text(j.marriage % 60 + 1, year(t.married_date))) AS ket_hon_so,
    coalesce(n.book, '01/' || year(t.married_date)) AS ket_hon_quyen_so,
    strftime(coalesce(n.date, t.married_date), '%d/%m/%Y') AS ket_hon_ngay_dang_ky, coalesce(n.code, e.code)::VARCHAR AS ket_hon_noi_dang_ky,
    strftime(j.sent_date, '%d/%m/%Y') AS ngay_gui, strftime(j.received_date, '%d/%m/%Y') AS ngay_nhan, strftime(j.noted_date, '%d/%m/%Y') AS ngay_ghi_chu
FROM judgment j JOIN marriage t ON t.marriage = j.marriage JOIN person h ON h.id = t.husband JOIN person w ON w.id = t.wife
LEFT JOIN weddings e ON e.marriage = j.marriage AND e.planted IN ('', 'ket_hon_tao_hon', 'ket_hon_muon_ten', 'ket_hon_sau_ly_hon_nuoc_ngoai')
LEFT JOIN numbered n ON n.kind = 'KH' AND n.eid = e.eid
