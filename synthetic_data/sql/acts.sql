-- Acts that enter_acts (acts.py) numbers; braces hold the shares of false acts. The id of an act is that of the child or of the birth
-- entry, so that no act moves the draws of another. Half of the adoptions are registered; the other half only live in the household.
CREATE TABLE adopted AS
SELECT a.person AS eid, a.person, a.father, if(a.alone, a.mother, a.other) AS mother, a.old, a.day AS date, if(a.alone, '', 'nuoi_con_khong_phai_vo_chong') AS planted
FROM (
    SELECT *, coalesce(u('nuoi_con_khong_phai_vo_chong', person) >= {nuoi_con_khong_phai_vo_chong} OR w.birth + INTERVAL 20 YEAR > p.birth OR coalesce(w.death <= day, FALSE), TRUE) AS alone
    FROM (SELECT *, lead(mother) OVER (ORDER BY day, person) AS other FROM adoption WHERE u('nuoi_dang_ky', person) < 0.5) s
    JOIN (SELECT id AS child, birth FROM person) p ON p.child = s.person LEFT JOIN person w ON w.id = s.other) a;
-- field and act: codes of truong_thay_doi and loai_thay_doi; was, now: texts of the two values; basis: number of the deciding paper.
-- The books of changes are kept since 2006. A parent who recognises a child is added to the entry (act 3) in half of the cases.
CREATE TABLE change AS
WITH first AS (
    SELECT e.eid AS ks, e.person, e.old, e.father, e.mother, n.date AS entered
    FROM births e JOIN numbered n ON n.kind = 'KS' AND n.eid = e.eid WHERE e.planted = ''
    QUALIFY row_number() OVER (PARTITION BY e.person ORDER BY n.delivered DESC, e.eid) = 1),
corrected AS (
    SELECT f.*, p.birth, corrected_from(p.birth, p.whole_date, p.id) AS before, (f.entered + (200 + p.id % 4000)::INTEGER)::DATE AS decided,
        u('cai_chinh_hai_lan', f.ks) < {cai_chinh_hai_lan} AND p.id % 4000 > 150 AS twice
    FROM first f JOIN person p ON p.id = f.person WHERE corrected_from(p.birth, p.whole_date, p.id) IS NOT NULL),
known AS (
    SELECT f.*, r.parent, c.date AS decided, c.seq || '/' || CASE WHEN c.year < 2016 THEN 'QĐ-UBND' ELSE 'TLTN' END AS basis, f.father < 0 AND p.father = r.parent AS is_father
    FROM first f JOIN person p ON p.id = f.person
    JOIN (SELECT eid, CASE WHEN kind <= 2 THEN person ELSE recogniser END AS child, CASE WHEN kind <= 2 THEN recogniser ELSE person END AS parent FROM recognition) r ON r.child = f.person
    JOIN numbered c ON c.kind = 'CMC' AND c.eid = r.eid
    WHERE c.date > f.entered AND (f.father < 0 AND p.father = r.parent OR f.mother < 0 AND p.mother = r.parent) AND u('bo_sung_cha_me', f.person) < 0.5),
ethnic AS (
    SELECT f.*, p.ethnic AS now, CASE WHEN m.ethnic = p.ethnic THEN c.ethnic ELSE m.ethnic END AS was, (f.entered + (300 + p.id * 7 % 3500)::INTEGER)::DATE AS decided
    FROM first f JOIN person p ON p.id = f.person JOIN person m ON m.id = p.mother JOIN person c ON c.id = p.father
    WHERE m.ethnic <> c.ethnic AND u('xac_dinh_dan_toc', f.person) < 0.02),
acts AS (
    SELECT ks, person, old, 2 AS field, '2' AS act, decided, d(if(twice, before - INTERVAL 1 YEAR, before)) AS was, d(birth) AS now, NULL AS parent, '' AS planted, FALSE AS earlier,
        (1 + person % 90) || '/QĐ-UBND' AS basis FROM corrected
    UNION ALL SELECT ks, person, old, 2, '2', (decided - (60 + person % 250)::INTEGER)::DATE, d(before), d(before - INTERVAL 1 YEAR), NULL, 'cai_chinh_hai_lan', TRUE,
        (1 + person % 70) || '/QĐ-UBND' FROM corrected WHERE twice
    UNION ALL SELECT ks, person, old, if(is_father, 8, 9), '3', (decided + (person % 30)::INTEGER)::DATE, NULL, NULL, parent, '', FALSE, basis FROM known
    UNION ALL SELECT ks, person, old, 4, '4', decided, was, now, NULL, '', FALSE, (1 + person % 90) || '/QĐ-UBND' FROM ethnic WHERE was <> now)
SELECT ks * 20 + field + if(earlier, 10, 0) AS eid, * EXCLUDE (earlier) FROM acts WHERE decided >= DATE '2006-01-01' AND decided <= as_of();
