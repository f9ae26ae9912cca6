"""Telephone numbers and e-mail addresses: the right ones pass in SQL, the odd ones through well-kept libraries.

Holds the SQL functions ``nz_phone(t)``, ``nz_email(t)``, ``nz_known_phone(v)``, ``nz_known_email(v)`` (whether a form
fits, by Python where ``nz_usual_…`` is not enough). Nothing here dials, sends or looks up a domain.
"""

import re
from functools import lru_cache

import duckdb
import phonenumbers
from email_validator import EmailNotValidError, validate_email

from sosach.normalize.odd_cells import register_odd

# Eleven-digit mobile numbers became ten-digit ones on 15/09/2018; the last seven digits stayed. 21 prefixes of five
# networks, plan of the Ministry of Information and Communications as printed by sggpnews.org.vn, article 76279 of 2018,
# and by kynguyenso.plo.vn, article 773007. Since 30/06/2019 the old ones reach nobody.
NEW_PREFIXES = {
    **{f"016{digit}": f"03{digit}" for digit in "23456789"},
    **{"0120": "070", "0121": "079", "0122": "077", "0126": "076", "0128": "078"},
    **{"0123": "083", "0124": "084", "0125": "085", "0127": "081", "0129": "082"},
    **{"0186": "056", "0188": "058", "0199": "059"},
}
_VIETNAM = 84
_ONE_NUMBER = re.compile(r"\(?\+?[0-9][0-9 .()–-]*[0-9]\)?")
_LOST_ZERO = re.compile(r"([35789][0-9]{8})(?:\.0)?")

_RIGHT_EMAIL = (
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}"  # what nobody can doubt
)
_CONTACTS = {
    # 0 and nine digits, a fixed line 02 and nine; abroad + and up to 15; anything else stays as it is.
    "nz_phone(t)": (
        "CASE WHEN strlen(t) = 10 AND t LIKE '0%' AND regexp_full_match(t, '[0-9]+') THEN t"
        " ELSE coalesce(nz_odd_phone(t), t) END"
    ),
    "nz_usual_phone(v)": "regexp_full_match(v, '0[1-9][0-9]{8}|02[0-9]{9}')",
    "nz_known_phone(v)": "nz_usual_phone(v) OR nz_odd_phone(v) = v",
    "nz_email(t)": (
        f"CASE WHEN regexp_full_match(t, '{_RIGHT_EMAIL}') THEN t"
        f" WHEN regexp_full_match(lower(t), '{_RIGHT_EMAIL}') THEN lower(t) ELSE coalesce(nz_odd_email(t), t) END"
    ),
    "nz_usual_email(v)": f"regexp_full_match(v, '{_RIGHT_EMAIL}')",
    "nz_known_email(v)": "nz_usual_email(v) OR nz_odd_email(v) = v",
}


def register_contacts(con: duckdb.DuckDBPyConnection) -> None:
    """Define the SQL functions on a connection; calling it twice does no harm."""
    register_odd(con, "nz_odd_phone", repaired_phone)
    register_odd(con, "nz_odd_email", repaired_email)
    for head, body in _CONTACTS.items():
        con.execute(f"CREATE OR REPLACE MACRO {head} AS ({body})")


@lru_cache(maxsize=65536)
def repaired_phone(text: str) -> str | None:
    """The number in its right form: 0912345678, 02383844123, abroad +85620…; None where it is not surely one number.

    +84, 0084 and a zero lost in a spreadsheet are put back to 0, old prefixes of eleven digits give the new ones. A
    number of another country must be written with + or 00.
    """
    if lost := _LOST_ZERO.fullmatch(text):
        return "0" + lost[1]
    if not _ONE_NUMBER.fullmatch(text):
        return None
    dialled = re.sub(r"[^0-9+]", "", text)
    abroad = dialled.startswith(("+", "00"))
    dialled = re.sub(r"^(?:\+|00)", "", dialled)
    if "+" in dialled or (dialled.startswith("0") and abroad):
        return None
    national = re.sub(r"^84(?:0(?=[1-9]))?", "0", dialled) if abroad or dialled.startswith("84") else dialled
    if re.fullmatch(r"0[1-9][0-9]{8}", national):
        return national
    if re.fullmatch(r"01[0-9]{9}", national):
        new = NEW_PREFIXES.get(national[:4])
        return new + national[4:] if new else None
    return _by_library(f"+{dialled}" if abroad else national)


def _by_library(dialled: str) -> str | None:
    """A number valid by the numbering plans that the library carries: a fixed line, or one abroad as E.164."""
    if not dialled.startswith(("+", "0")):
        return None
    try:
        number = phonenumbers.parse(dialled, "VN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    if number.country_code == _VIETNAM:
        return f"0{number.national_number}"
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=65536)
def repaired_email(text: str) -> str | None:
    """The address in lower case and Unicode's normal form, None where its syntax is wrong; slips are not mended."""
    if text.count("@") != 1 or " " in text:
        return None
    try:
        return validate_email(text, check_deliverability=False).normalized.lower()
    except (EmailNotValidError, UnicodeError):
        return None
