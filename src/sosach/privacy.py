"""What may be said of a crash: its kind and place, never its text, which may quote a cell.

Holds only that; masking for officers is done where their texts are made. Cheap to import.
"""

import traceback

LAST_FRAMES = 20
# Errors whose text names only code.
VALUELESS = (AttributeError, ImportError, NameError)


class StageCrashError(Exception):
    """A stage stopped with a foreign error; says which kind and where, never the error's own text."""


def withheld(error: BaseException, leave_out: str = "") -> StageCrashError:
    """Type and place of a foreign error without its text and without the errors behind it.

    DuckDB and pandas quote the value that they could not convert (``Could not convert string '0401…'``).

    Args:
        error: what was raised.
        leave_out: file whose frames say nothing, that of the caller's own wrapper.
    """
    text = str(error) if isinstance(error, VALUELESS) else "its text is withheld: it may quote personal data"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != leave_out]
    place = "\n".join(f"  {f.filename}:{f.lineno} in {f.name}" for f in frames[-LAST_FRAMES:])
    return StageCrashError(f"{type(error).__name__} ({text}), came through:\n{place}")
