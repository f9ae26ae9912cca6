-- Small words that the register queries share. {seed} and {as_of} are filled in by compose.py.
CREATE MACRO u(salt, id) AS ((hash(xor(hash(id), hash(salt, {seed}))) >> 11)::DOUBLE / 9007199254740992.0);
CREATE MACRO as_of() AS DATE '{as_of}';
-- For a stream of days (base.sql) as_of() is the day of a state, and these are redefined for it: the last day up to which
-- corrections are noted in the margin, and the last day on which an officer worked on a record (NULL: never).
CREATE MACRO end_of_data() AS DATE '{as_of}';
CREATE MACRO noted_until() AS DATE '{as_of}';
CREATE MACRO worked_on(name, id) AS NULL::DATE;
-- The day of the last upkeep of a record since 01/07/2021; one that lies after the state's day is drawn again before it.
CREATE MACRO upkeep(salt, id) AS CASE
    WHEN DATE '2021-07-01' + floor(u(salt, id) * (end_of_data() - DATE '2021-07-01'))::INTEGER <= as_of()
        THEN DATE '2021-07-01' + floor(u(salt, id) * (end_of_data() - DATE '2021-07-01'))::INTEGER
    ELSE DATE '2021-07-01' + floor(u(salt || '.truoc', id) * (as_of() - DATE '2021-07-01'))::INTEGER END;
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
-- The day of the card that a person holds on a day: the last one, or the first, which a later one replaced (as in base.sql).
CREATE MACRO card_on(x, on_day) AS CASE WHEN x.card_day <= on_day THEN x.card_day
    WHEN x.card_day > x.adult + INTERVAL 3 YEAR AND (greatest(DATE '2021-03-01', x.adult) + (x.id % 400)::INTEGER)::DATE <= on_day
        THEN (greatest(DATE '2021-03-01', x.adult) + (x.id % 400)::INTEGER)::DATE END;
-- Which paper a person shows on a day: the card; before it the CMND, valid to 31/12/2024 (always since 2016, sometimes before);
-- who has neither shows the notice of the PIN since 2016.
CREATE MACRO paper_kind(x, on_day) AS CASE
    WHEN x.passport IS NOT NULL THEN '2'
    WHEN on_day < x.adult OR on_day > coalesce(x.death, DATE '9999-12-31') THEN NULL
    WHEN card_on(x, on_day) IS NOT NULL THEN '4'
    WHEN x.cmnd_day <= on_day AND on_day < DATE '2025-01-01' AND (on_day >= DATE '2016-01-01'
        OR u('giay_to', x.id) < CASE WHEN year(on_day) < 2000 THEN 0.35 ELSE 0.7 END) THEN '1'
    WHEN on_day >= DATE '2016-01-01' AND x.pin IS NOT NULL THEN '8' END;
CREATE MACRO paper_no(x, on_day) AS CASE paper_kind(x, on_day)
    WHEN '2' THEN x.passport WHEN '1' THEN x.cmnd WHEN '4' THEN x.pin WHEN '8' THEN x.pin END;
CREATE MACRO paper_day(x, on_day) AS CASE paper_kind(x, on_day) WHEN '4' THEN card_on(x, on_day) WHEN '1' THEN x.cmnd_day END;
CREATE MACRO paper_place(x, on_day) AS CASE
    WHEN paper_day(x, on_day) IS NULL THEN NULL
    WHEN paper_kind(x, on_day) = '1' THEN 'Công an tỉnh Nghệ An'
    WHEN paper_day(x, on_day) >= DATE '2024-07-01' THEN 'Bộ Công an'
    ELSE 'Cục Cảnh sát quản lý hành chính về trật tự xã hội' END;
-- Where people were born and died, by region and year: at home, in the commune's station, in the hospital at the district's seat.
-- All shares are our own guesses; the five highland districts came to the hospital last.
CREATE MACRO highland(district) AS district IN ('415', '416', '417', '418', '422');
CREATE MACRO birth_site(district, y, chance) AS CASE
    WHEN chance < CASE WHEN highland(district) THEN CASE WHEN y < 1995 THEN 0.8 WHEN y < 2010 THEN 0.55 WHEN y < 2020 THEN 0.2 ELSE 0.05 END
        WHEN y < 1985 THEN 0.4 WHEN y < 1995 THEN 0.25 WHEN y < 2005 THEN 0.04 ELSE 0.005 END THEN 'nha'
    WHEN chance >= CASE WHEN highland(district) THEN CASE WHEN y < 1995 THEN 0.95 WHEN y < 2010 THEN 0.8 WHEN y < 2020 THEN 0.5 ELSE 0.2 END
        WHEN y < 1985 THEN 0.8 WHEN y < 1995 THEN 0.65 WHEN y < 2005 THEN 0.4 WHEN y < 2015 THEN 0.2 ELSE 0.06 END THEN 'vien' ELSE 'tram' END;
CREATE MACRO death_site(district, y, ill, chance) AS CASE WHEN NOT ill THEN 'nha'
    WHEN chance < CASE WHEN highland(district) THEN CASE WHEN y < 1995 THEN 0.08 WHEN y < 2010 THEN 0.2 ELSE 0.4 END
        WHEN y < 1985 THEN 0.2 WHEN y < 2000 THEN 0.35 ELSE 0.55 END THEN 'vien' WHEN chance > 0.95 THEN 'tram' ELSE 'nha' END;
CREATE MACRO hospital(district, district_text, on_day) AS CASE WHEN highland(district) AND on_day >= DATE '2019-01-01' THEN 'Trung tâm y tế ' ELSE 'Bệnh viện đa khoa ' END
    || CASE WHEN on_day < DATE '2025-07-01' THEN district_text ELSE regexp_replace(district_text, '^(huyện|thị xã|thành phố) ', '') END;
-- The pages that are scanned together: three of a book with so many entries a page.
CREATE MACRO lo_page(code, book, seq, on_page) AS hash(code, book, (seq - 1) // (3 * on_page));
CREATE MACRO so_text(seq, y) AS CASE WHEN seq < 10 THEN '0' ELSE '' END || seq || '/' || y;
CREATE MACRO words(x) AS 'Ngày ' || getvariable('day_words')[day(x)] || ' tháng ' || getvariable('month_words')[month(x)] || ' năm ' || getvariable('year_words')[year(x) - 1899];
CREATE MACRO day_text(x, district) AS CASE WHEN district::INTEGER % 3 = 0 THEN strftime(x, '%Y-%m-%d') ELSE strftime(x, '%d/%m/%Y') END;
-- Keys of the batches that noise may hit as a whole. Old books were keyed by a few typists a district; since 2016 the office does it.
CREATE MACRO lo_month(code, on_day) AS code || '.' || strftime(on_day, '%y%m');
CREATE MACRO lo_typist(code, district, y) AS CASE WHEN y < 2016 THEN district || '/' || (hash(code, y // 3) % 6) ELSE code || '/' || (y // 5) END;
-- A true correction of the birth year: what stood in the entry before, and the note in the margin.
CREATE MACRO corrected_from(birth, whole, id) AS CASE WHEN whole AND u('cai_chinh', id) < 0.012 THEN (birth - to_years((1 + id % 3)::INTEGER))::DATE END;
CREATE MACRO correction_note(birth, whole, id, on_day) AS 'Cải chính ngày sinh từ ' || d(corrected_from(birth, whole, id)) || ' thành ' || d(birth)
    || ' theo Quyết định số ' || (1 + id % 90) || '/QĐ-UBND ngày ' || d(greatest(on_day, least(on_day + (200 + id % 4000)::INTEGER, noted_until())));
-- What noise does to a whole date, in whichever of the three forms the cell has; NULL where the cell is no whole date.
CREATE MACRO ymd(x) AS coalesce(try_strptime(x, '%d.%m.%Y'), try_strptime(x, '%d/%m/%Y'), try_strptime(x, '%Y-%m-%d'))::DATE;
CREATE MACRO like_date(on_day, x) AS CASE WHEN x LIKE '____-%' THEN strftime(on_day, '%Y-%m-%d') WHEN x LIKE '%/%' THEN strftime(on_day, '%d/%m/%Y') ELSE d(on_day) END;
CREATE MACRO other_year(x, y) AS CASE WHEN x LIKE '____-%' THEN y || substr(x, 5) ELSE left(x, length(x) - 4) || y END;
CREATE MACRO swapped(x) AS CASE WHEN x LIKE '____-%' THEN left(x, 5) || right(x, 2) || substr(x, 5, 3) ELSE substr(x, 4, 2) || substr(x, 3, 1) || left(x, 2) || substr(x, 6) END;
-- What fingers do to a number: place 1 to length - 1, drawn by the row.
CREATE MACRO at_place(x, salt, id) AS 1 + floor(u(salt, id) * (length(x) - 1))::INTEGER;
CREATE MACRO doubled(x, k) AS left(x, k) || substr(x, k);
CREATE MACRO without(x, k) AS left(x, k - 1) || substr(x, k + 1);
CREATE MACRO transposed(x, k) AS left(x, k - 1) || substr(x, k + 1, 1) || substr(x, k, 1) || substr(x, k + 2);
CREATE MACRO next_key(x, k) AS left(x, k - 1) || translate(substr(x, k, 1), '0123456789', '1214567896') || substr(x, k + 1);
-- Sister registers. code8: eight digits, one a person; phone: the number that dan_cu has; bank_name: as banks print names.
CREATE MACRO code8(id, shift) AS lpad(((id::BIGINT * 48271 + shift) % 99999989)::VARCHAR, 8, '0');
CREATE MACRO phone(id) AS '0' || ['32', '33', '34', '35', '36', '37', '38', '39', '52', '56', '58', '59', '70', '76', '77', '78', '79', '81', '82', '83', '84', '85', '86',
    '88', '89', '90', '91', '92', '93', '94', '96', '97', '98', '99'][1 + floor(u('dau_so', id) * 34)::INTEGER] || lpad((floor(u('so_may', id) * 1e7)::INTEGER)::VARCHAR, 7, '0');
CREATE MACRO bank_name(x) AS upper(translate(strip_accents(x), 'đĐ', 'dD'));
-- Days of an account of level 2; of 1,773,000 cards of Đồng Tháp came 1,387,000 files, 1,112,118 approvals, 936,000 activations (domain.md 4.6).
CREATE MACRO eid_day(card, id) AS CASE WHEN card IS NOT NULL AND u('dd_ho_so', id) < 1387 / 1773 THEN greatest(card, DATE '2022-07-18' + (u('dd_ngay', id) * 700)::INTEGER) END;
CREATE MACRO eid_approved(card, id) AS CASE WHEN u('dd_duyet', id) < 1112.118 / 1387 THEN eid_day(card, id) + 2 + (u('dd_xu_ly', id) * 6)::INTEGER END;
CREATE MACRO eid_active(card, id) AS CASE WHEN u('dd_kich_hoat', id) < 936 / 1112.118 THEN eid_approved(card, id) + (u('dd_cho', id) ^ 2 * 180)::INTEGER END;
