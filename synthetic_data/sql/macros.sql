-- Small words that the register queries share. {seed} and {as_of} are filled in by compose.py.
CREATE MACRO u(salt, id) AS ((hash(id, salt, {seed}) >> 11)::DOUBLE / 9007199254740992.0);
CREATE MACRO as_of() AS DATE '{as_of}';
CREATE MACRO d(x) AS strftime(x, '%d.%m.%Y');
CREATE MACRO coded(code, text, district) AS CASE WHEN district::INTEGER % 2 = 0 THEN code ELSE text END;
CREATE MACRO nm(name, on_day) AS CASE WHEN on_day >= DATE '2020-07-16' THEN upper(name) ELSE name END;
CREATE MACRO era(t3, t2, on_day) AS CASE WHEN on_day < DATE '2025-07-01' THEN t3 ELSE t2 END;
CREATE MACRO born(birth, whole, on_day, chance) AS CASE
    WHEN on_day < DATE '1996-01-01' AND chance < 0.3 THEN (year(on_day) - year(birth)) || 't'
    WHEN NOT whole THEN year(birth)::VARCHAR ELSE d(birth) END;
CREATE MACRO form_text(code) AS CASE code WHEN '1' THEN 'Đúng hạn' WHEN '2' THEN 'Đăng ký lại' WHEN '4' THEN 'Quá hạn' END;
CREATE MACRO paper_text(code) AS CASE code WHEN '1' THEN 'Chứng minh nhân dân' WHEN '2' THEN 'Hộ chiếu'
    WHEN '4' THEN 'Căn cước công dân' WHEN '8' THEN 'Giấy tờ khác' END;
-- Which paper a person shows on a day: the PIN since 2016 (a quarter still shows the CMND until 2020), a CMND or nothing before.
CREATE MACRO paper_kind(x, on_day) AS CASE
    WHEN x.passport IS NOT NULL THEN '2'
    WHEN on_day < x.adult OR on_day > coalesce(x.death, DATE '9999-12-31') THEN NULL
    WHEN on_day >= DATE '2016-01-01' AND x.pin IS NOT NULL
        AND NOT (on_day < DATE '2021-01-01' AND coalesce(x.cmnd_day <= on_day, FALSE) AND u('giay_to', x.id) < 0.25) THEN '4'
    WHEN x.cmnd_day <= on_day AND (on_day >= DATE '2016-01-01'
        OR u('giay_to', x.id) < CASE WHEN year(on_day) < 2000 THEN 0.35 ELSE 0.7 END) THEN '1' END;
CREATE MACRO paper_no(x, on_day) AS CASE paper_kind(x, on_day)
    WHEN '2' THEN x.passport WHEN '4' THEN x.pin WHEN '1' THEN x.cmnd END;
CREATE MACRO paper_day(x, on_day) AS CASE paper_kind(x, on_day)
    WHEN '4' THEN CASE WHEN x.card_day <= on_day THEN x.card_day END WHEN '1' THEN x.cmnd_day END;
CREATE MACRO paper_place(x, on_day) AS CASE
    WHEN paper_day(x, on_day) IS NULL THEN NULL
    WHEN paper_kind(x, on_day) = '1' THEN 'Công an tỉnh Nghệ An'
    WHEN x.card_day >= DATE '2024-07-01' THEN 'Bộ Công an'
    ELSE 'Cục Cảnh sát quản lý hành chính về trật tự xã hội' END;
CREATE MACRO so_text(seq, y) AS CASE WHEN seq < 10 THEN '0' ELSE '' END || seq || '/' || y;
CREATE MACRO words(x) AS 'Ngày ' || getvariable('day_words')[day(x)] || ' tháng ' || getvariable('month_words')[month(x)] || ' năm ' || getvariable('year_words')[year(x) - 1899];
CREATE MACRO day_text(x, district) AS CASE WHEN district::INTEGER % 3 = 0 THEN strftime(x, '%Y-%m-%d') ELSE strftime(x, '%d/%m/%Y') END;
