"""Which deliveries a later one replaces whole, by the handover note or by the register's declared rule.

Decided for the deliveries of one run; nothing is deleted: rows of a replaced delivery are counted as superseded.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise

from sosach.registers import Register
from sosach.state import ACCEPTED, DeliveryRecord


def replacements(deliveries: Iterable[DeliveryRecord], registers: Mapping[str, Register]) -> dict[str, str]:
    """SHA-256 of each replaced delivery → SHA-256 of the one that replaces it.

    By note: a later delivery of the same register names it. By ``replace: whole_period``: deliveries of the same unit,
    period and sender that came on a later day; several files that came on one day are parts of one delivery and stay
    together. Held deliveries neither replace nor are replaced.
    """
    accepted = sorted((d for d in deliveries if d.status == ACCEPTED), key=lambda d: (d.register, d.sequence))
    by_hash = {d.sha256: d for d in accepted}
    replaced = _by_rule([d for d in accepted if _whole_period(registers.get(d.register))])
    for newer in accepted:
        older = by_hash.get(newer.replaces or "")
        if older and older.register == newer.register and older.sequence < newer.sequence:
            replaced[older.sha256] = newer.sha256
    return replaced


def _whole_period(register: Register | None) -> bool:
    return register is not None and register.delivering.replace == "whole_period"


def _by_rule(accepted: Sequence[DeliveryRecord]) -> dict[str, str]:
    about: dict[tuple[object, ...], list[DeliveryRecord]] = {}
    for d in accepted:
        if d.unit and d.period_from and d.period_to:
            about.setdefault((d.register, d.unit, d.period_from, d.period_to, d.sender), []).append(d)
    replaced: dict[str, str] = {}
    for same in about.values():
        same.sort(key=lambda d: (d.received_on, d.sequence))
        days = [list(on_one_day) for _, on_one_day in groupby(same, key=lambda d: d.received_on)]
        for older, newer in pairwise(days):
            replaced |= {d.sha256: newer[0].sha256 for d in older}
    return replaced
