"""Records that have no counterpart, or one too many: XR05, XR06 and XR12 as rows of ``differences``.

Holds SELECTs over the tables that ``reconcile`` makes. Holds no comparison of fields.
"""

# Before 2016 many were dead or gone when the population database began, so only later entries are told.
_NOT_IN_POPULATION = """
SELECT w.register, w.record_id, w.role, 'dan_cu' AS other_register, NULL::VARCHAR AS other_record_id,
  'chu_the' AS other_role, 'ban_ghi' AS field, 'missing_there' AS state, 'no_record' AS kind, 'XR05' AS xr
FROM said w ANTI JOIN mains USING (item)
WHERE w.dated >= DATE '2016-01-01' AND w.register NOT IN ('can_cuoc', 'bhyt', 'tai_khoan_dinh_danh',
  'chi_tra_an_sinh', 'tai_khoan_dvc')"""

_NO_BIRTH_ENTRY = """
SELECT m.register, m.record_id, m.role, 'khai_sinh' AS other_register, NULL::VARCHAR AS other_record_id,
  'nks' AS other_role, 'ban_ghi' AS field, 'missing_there' AS state, 'no_record' AS kind, 'XR06' AS xr
FROM said m ANTI JOIN (SELECT item FROM said WHERE register = 'khai_sinh' AND role = 'nks') USING (item)
WHERE m.main AND m.nam >= 2016 AND m.so_dinh_danh LIKE '040%'"""

_TWICE = """
SELECT '{register}' AS register, a.record_id, '{role}' AS role, '{register}' AS other_register,
  b.record_id AS other_record_id, '{role}' AS other_role, 'su_kien' AS field, 'equal_after_normalising' AS state,
  'same_event' AS kind, 'XR12' AS xr
FROM {register} a JOIN {register} b ON a.so = b.so AND a.quyen_so = b.quyen_so AND a.ngay_dang_ky = b.ngay_dang_ky
  AND a.noi_dang_ky < b.noi_dang_ky AND coalesce(name_key(a.{name}) = name_key(b.{name}), FALSE)
JOIN cl_unit_now u ON u.code = a.noi_dang_ky JOIN cl_unit_now v ON v.code = b.noi_dang_ky AND v.unit = u.unit"""

EVENTS: tuple[str, ...] = (
    _NOT_IN_POPULATION,
    _NO_BIRTH_ENTRY,
    *(
        _TWICE.format(register=register, role=role, name=f"{role}_ho_ten")
        for register, role in (
            ("khai_sinh", "nks"), ("ket_hon", "chong"), ("khai_tu", "nkt"), ("nhan_cha_me_con", "nc")
        )
    ),
)  # fmt: skip
"""SELECTs of rows for ``differences``; what they do not name is NULL."""
