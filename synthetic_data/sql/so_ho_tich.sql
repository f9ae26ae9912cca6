SELECT
    year AS _year, district AS _district, '' AS _planted,
    (((code::BIGINT * 2 + era) * 400 + year - 1800) * 1000 + part) * 10 + list_position(['KS', 'KH', 'KT', 'HN', 'CMC'], kind) AS _book,
    code::VARCHAR AS ma_noi_dang_ky, kind AS loai_so, year::VARCHAR AS nam_mo_so, book AS quyen_so,
    so_text(first_seq::BIGINT, year) AS so_dau, so_text(last_seq::BIGINT, year) AS so_cuoi, entries::VARCHAR AS so_truong_hop,
    strftime(closed, '%Y-%m-%d') AS ngay_khoa_so
FROM book
