"""What the readers noted of a delivery (``TextTable.notes``) in words for engineers. Names and counts, never a cell."""

from collections.abc import Iterable, Mapping
from typing import Any

# Usual things that change no value. Every other note may mean rows or values that the sender did not mean so.
_USUAL = {"rows_above_header", "number_rows", "macros", "header_repeated"}
_WORDS = {
    "rows_above_header": "title rows above the header: {n}",
    "number_rows": "rows that number the columns: {n}",
    "header_repeated": "rows that repeat the header, skipped: {n}",
    "macros": "the workbook has macros",
    "external_links": "links to other workbooks: {n}",
    "sheet_not_read": "sheet “{name}” not read, rows with content: {n}",
    "sheet_hidden": "hidden sheet “{name}” read, rows: {n}",
    "long_numbers": "numbers of more digits than a workbook keeps: {n}",
    "formula_cells": "cells with a formula, read as their last result: {n}",
    "error_cells": "cells with an error such as #N/A: {n}",
    "merged_filled": "empty cells filled from merged ones: {n}",
    "merged_beside": "merged cells across columns of different fields, not filled: {n}",
    "no_required_field": "rows without any required field: {n}",
}


def note_words(notes: Mapping[str, int], usual: bool) -> list[str]:
    """Notes in words; those of usual things, or those worth a look. A note without words stands as it is."""
    told = []
    for note, count in notes.items():
        kind, _, name = note.partition(":")
        if (kind in _USUAL) == usual:
            told.append(_WORDS[kind].format(n=f"{count:,}", name=name) if kind in _WORDS else f"{note}: {count:,}")
    return told


def header_words(columns: Iterable[Mapping[str, Any]]) -> list[str]:
    """How the columns were understood whose header is not the field's own name: field, header, way of matching."""
    return [f"{c['field']} ← “{c['header']}” ({c['how']})" for c in columns if c["how"] in ("lenient", "label")]
