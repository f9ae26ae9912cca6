"""What went wrong with a source, in words that quote neither its address, nor a password, nor a cell.

Foreign texts are never passed on: those of a failed connection name host and user, those of failed statements may quote
a cell. The only exception are the names of tables, columns and words of the declared query (SQLSTATE class 42).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from sosach.errors import DeliveryError, SettingsError, SosachError, SourceUnavailableError
from sosach.ingest.sql_source_model import Source
from sosach.privacy import withheld

# What a driver says of a failed connection, which carries no SQLSTATE.
WRONG_SETTING = (
    (r"password|pg_hba|role .* does not exist|authentication", "the database refused user or password"),
    (r"database .* does not exist", "there is no database of that name"),
    (r"unable to open database file", "there is no such database file, or it may not be read"),
    (r"no such (?:table|column)|syntax error|incomplete input|no such function", "the query cannot be run: {text}"),
    (r"readonly|read-only|not authorized", "the query writes, which no source may do"),
)
UNREACHABLE = (
    (r"translate host name|name or service not known|name resolution", "its host name is not known"),
    (r"connection refused", "nothing listens at its address"),
    (r"timeout|timed out", "it did not answer in time"),
    (r"locked", "somebody else has locked it"),
)
WRONG_STATE = {
    "28000": "the database refused user or password",
    "28P01": "the database refused user or password",
    "3D000": "there is no database of that name",
    "42501": "permission denied: the user may not read what the query names ({text})",
    "25006": "the query writes, which no source may do",
    "0A000": "the database cannot run the query ({text})",
}
TOO_LONG = "57014"
REMEDY = "Nothing was taken and the watermark stands where it was."


def unavailable(source: Source, why: str) -> SourceUnavailableError:
    """The error of a source that cannot be reached or broke off."""
    return SourceUnavailableError(
        f"Source {source.source_id}: {why}. {REMEDY} Pull again later; if it stays so, check the connection "
        f"{source.connection!r} and ask whoever runs that database."
    )


def misconfigured(source: Source, what: str) -> SettingsError:
    """The error of a source whose declaration and database do not fit each other."""
    return SettingsError(
        f"Source {source.source_id}: {what}. {REMEDY} Mend sources/{source.source_id}.yaml, the connection "
        f"{source.connection!r} or the rights of its user."
    )


def bad_data(source: Source, what: str) -> DeliveryError:
    """The error of rows that cannot become text without being changed."""
    return DeliveryError(
        f"nguồn {source.source_id}: {what}. Chưa nhận dòng nào, mốc đọc giữ nguyên. "
        "Sửa dữ liệu ở nguồn hoặc câu truy vấn rồi chạy lại."
    )


@contextmanager
def told_by_name(source: Source) -> Iterator[None]:
    """Turn what SQLAlchemy and the drivers raise into errors that name the source and the remedy.

    Raises:
        SettingsError: address, user, rights or query are wrong.
        SourceUnavailableError: the database cannot be reached, broke off or was too slow.
        DeliveryError: a cell cannot be read.
    """
    try:
        yield
    except SosachError:
        raise
    except (SQLAlchemyError, UnicodeDecodeError, ImportError) as error:
        found: BaseException = error
    else:
        return
    raise named(source, found) from withheld(found)


def named(source: Source, error: BaseException) -> SosachError:
    """The error of this project that says what ``error`` means for a source."""
    if isinstance(error, UnicodeDecodeError):
        return bad_data(source, "có ô chữ không đúng bảng mã của cơ sở dữ liệu")
    if isinstance(error, ArgumentError | ImportError):
        return misconfigured(source, "the address is none of a PostgreSQL or SQLite database")
    if not isinstance(error, DBAPIError):
        return unavailable(source, f"it cannot be read ({type(error).__name__})")
    state = getattr(error.orig, "pgcode", None)
    return _by_state(source, error, state) if state else _by_text(source, error)


def _by_state(source: Source, error: DBAPIError, state: str) -> SosachError:
    primary = getattr(getattr(error.orig, "diag", None), "message_primary", None) or f"SQLSTATE {state}"
    if what := WRONG_STATE.get(state):
        return misconfigured(source, what.format(text=primary))
    if state.startswith("42"):
        return misconfigured(source, f"the query cannot be run: {primary}")
    if state.startswith("22"):
        return bad_data(source, f"có ô mà cơ sở dữ liệu không đọc được (SQLSTATE {state})")
    if state == TOO_LONG:
        return unavailable(
            source, f"a statement was cancelled or took longer than timeout_seconds ({source.timeout_seconds} s)"
        )
    return unavailable(source, f"the database broke off (SQLSTATE {state})")


def _by_text(source: Source, error: DBAPIError) -> SosachError:
    said = str(error.orig)
    first = said.strip().partition("\n")[0]
    for pattern, what in WRONG_SETTING:
        if re.search(pattern, said, re.IGNORECASE):
            return misconfigured(source, what.format(text=first))
    for pattern, why in UNREACHABLE:
        if re.search(pattern, said, re.IGNORECASE):
            return unavailable(source, why)
    if re.search("decode to utf-8", said, re.IGNORECASE):
        return bad_data(source, "có ô chữ không đúng bảng mã UTF-8")
    if re.search("malformed|not a database|disk image", said, re.IGNORECASE):
        return misconfigured(source, "the database file is damaged or no SQLite database")
    return unavailable(source, f"it cannot be reached or broke off ({type(error.orig).__name__})")
