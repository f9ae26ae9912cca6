"""Where a record stands in its delivered file, as SQL over the run's table ``delivery_parts``."""


def place_join(record_id: str) -> str:
    """The join that finds the part ``p`` of a record; figures of units have no delivery and find none."""
    return (
        f"ASOF LEFT JOIN delivery_parts p ON p.delivery_id = split_part({record_id}, ':', 1)"
        f" AND p.first_row <= TRY_CAST(split_part({record_id}, ':', 2) AS BIGINT)"
    )


def place_words(record_id: str) -> str:
    """SQL of the place in Vietnamese: sheet and line, or the number of the record where the line is not known."""
    row = f"TRY_CAST(split_part({record_id}, ':', 2) AS BIGINT)"
    sheet = "CASE WHEN p.part <> '' THEN 'trang tính ' || p.part || ', ' ELSE '' END"
    return (
        f"CASE WHEN p.line > 0 THEN {sheet} || 'dòng ' || (p.line + {row} - p.first_row)"
        f" ELSE coalesce({sheet}, '') || 'bản ghi thứ ' || {row} END"
    )
