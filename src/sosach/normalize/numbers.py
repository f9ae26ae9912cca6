"""Numbers of papers, units and entries, and integers, as SQL functions on a DuckDB connection.

A number in its right form passes one cheap test; a repair is made only where the digits themselves prove it, anything
else stays as written. Holds no column names and no code list: which prefixes a PIN may have is given by the caller.
"""

_DIGITS = "regexp_full_match(t, '[0-9]+')"
_PASSPORT = "[A-Za-z]{1,2}(?: ?[0-9]){6,8}"
# Every digit of 9, 11 or 12 is there; a shorter mantissa was rounded by the spreadsheet and tells nothing.
_EXPONENT = r"[1-9][.,](?:[0-9]{8}[Ee]\+?0?8|[0-9]{10}[Ee]\+?10|[0-9]{11}[Ee]\+?11)"
_ENTRY = r"[0-9]{1,6} ?/ ?[12][0-9]{3}"
_RIGHT_ENTRY = "(?:0[1-9]|[1-9][0-9]{1,5})/[12][0-9]{3}"


def id_numbers(prefixes: str) -> dict[str, str]:
    """SQL functions on numbers of identity papers, by their heads.

    Eleven digits get back the zero that a spreadsheet took off, where the prefix then is a PIN's (ID02). Not repaired:
    a CMND of eight digits, since no list of CMND prefixes is published that could prove a lost zero; O for 0 and l for
    1, since an officer has to look which digit it was; any text whose digits are not 9 or 12 in the end.

    Args:
        prefixes: the prefixes that a PIN may have, as SQL literals with commas between.
    """
    marked = "(?:[-–. ]*[0-9])"
    return {
        "nz_digits(t)": r"regexp_replace(regexp_replace(t, '^([0-9]+)\.0$', '\1'), '[-–. ]', '', 'g')",
        # A PIN that lost its zero, of digits alone.
        "nz_pin_lost(d)": f"regexp_full_match(d, '[1-9][0-9]{{10}}') AND '0' || left(d, 2) IN ({prefixes})",
        "nz_pin_zero(d)": "CASE WHEN nz_pin_lost(d) THEN '0' || d ELSE d END",
        # The number of a paper in its right form, NULL where this is none or cannot be proved; t without apostrophe.
        "nz_id_repaired(t)": (
            r"CASE WHEN regexp_full_match(t, '[1-9][0-9]{10}(?:\.0)?')"
            " THEN CASE WHEN nz_pin_lost(left(t, 11)) THEN '0' || left(t, 11) END"
            r" WHEN regexp_full_match(t, '(?:[0-9]{9}|[0-9]{12})(?:\.0)?') THEN replace(t, '.0', '')"
            r" WHEN regexp_full_match(t, '[0-9]+\.0') THEN NULL"
            f" WHEN regexp_full_match(t, '[0-9]{marked}{{8}}|[0-9]{marked}{{11}}') THEN nz_digits(t)"
            f" WHEN regexp_full_match(t, '[0-9]{marked}{{10}}')"
            " THEN CASE WHEN nz_pin_lost(nz_digits(t)) THEN '0' || nz_digits(t) END"
            f" WHEN regexp_full_match(t, '{_PASSPORT}') THEN upper(replace(t, ' ', ''))"
            f" WHEN regexp_full_match(t, '{_EXPONENT}')"
            " THEN nz_pin_zero(translate(regexp_extract(t, '^[0-9.,]+'), '.,', '')) END"
        ),
        "nz_unquoted(t)": "ltrim(t, '''‘’`´')",
        "nz_id_number(t)": (
            f"CASE WHEN (strlen(t) = 12 OR strlen(t) = 9) AND {_DIGITS} THEN t"
            " ELSE coalesce(nz_id_repaired(nz_unquoted(t)), t) END"
        ),
        # Which repair made nz_id_number(t) of t.
        "nz_id_name(t)": (
            f"CASE WHEN regexp_full_match(nz_unquoted(t), '{_EXPONENT}') THEN 'excel_exponent'"
            " WHEN nz_id_number(t) = '0' || nz_digits(nz_unquoted(t)) THEN 'excel_zero'"
            " WHEN nz_id_number(t) = nz_unquoted(t) THEN 'apostrophe' ELSE 'id_number' END"
        ),
    }


NUMBERS = {
    "nz_unit_code(t)": (
        f"CASE WHEN strlen(t) = 5 AND {_DIGITS} THEN t"
        r" WHEN regexp_full_match(t, '[0-9 ]+(?:\.0)?') THEN nz_digits(t) ELSE t END"
    ),
    "nz_entry_place(t)": (
        f"CASE WHEN regexp_full_match(t, '{_RIGHT_ENTRY}') THEN TRY_CAST(left(t, strlen(t) - 5) AS INTEGER)"
        f" WHEN regexp_full_match(t, '{_ENTRY}')"
        " THEN nullif(TRY_CAST(regexp_extract(t, '^[0-9]+') AS INTEGER), 0) END"
    ),
    "nz_entry_year(t)": (
        f"CASE WHEN regexp_full_match(t, '{_RIGHT_ENTRY}') OR nz_entry_place(t) IS NOT NULL"
        " THEN TRY_CAST(right(t, 4) AS INTEGER) END"
    ),
    "nz_entry_number(t)": (
        f"CASE WHEN regexp_full_match(t, '{_RIGHT_ENTRY}') THEN t"
        " WHEN nz_entry_place(t) < 10 THEN '0' || nz_entry_place(t) || '/' || right(t, 4)"
        " WHEN nz_entry_place(t) IS NOT NULL THEN nz_entry_place(t) || '/' || right(t, 4) ELSE t END"
    ),
    # 1.234 is one thousand and more, as Vietnamese write it; 5.0 is what a spreadsheet makes of 5.
    "nz_integer(t)": (
        f"CASE WHEN strlen(t) < 10 AND {_DIGITS} THEN TRY_CAST(t AS INTEGER)"
        r" WHEN regexp_full_match(t, '-?[0-9]{1,10}(?:\.0{1,2})?')"
        r" THEN TRY_CAST(regexp_extract(t, '^-?[0-9]+') AS INTEGER)"
        r" WHEN regexp_full_match(t, '[1-9][0-9]{0,2}(?:\.[0-9]{3})+')"
        r" THEN TRY_CAST(replace(t, '.', '') AS INTEGER) END"
    ),
}
"""Head of each SQL function to its body; they need ``nz_digits`` of ``id_numbers``."""
