"""From delivered text to typed records: SQL macros, code lists, normalisers by field type, the stage itself."""

from sosach.normalize.stage import NormalizeCounts, close_normalize, normalize_register

__all__ = ["NormalizeCounts", "close_normalize", "normalize_register"]
