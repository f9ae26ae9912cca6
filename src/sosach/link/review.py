"""Blind double review of a drawn sample of pairs: the workbooks go out, the answers come back and are scored.

Holds the order of things: the sample is in ``review_sample``, what people see in ``review_cards``, reading in
``review_read``, figures in ``review_score``. A third person settles what two do not agree on.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from sosach.duck import connect
from sosach.errors import DeliveryError, SettingsError
from sosach.lake import Run, atomic_dir, atomic_path
from sosach.link.review_cards import READS, lines_of_pairs, make_cards
from sosach.link.review_read import Returned, read_review
from sosach.link.review_sample import (
    LINKED,
    DrawnPair,
    ReviewKey,
    allocate,
    draw,
    make_population,
    read_keys,
    write_key,
)
from sosach.link.review_score import Accuracy, Agreement, Stratum, accuracy, agreement, common_slips, needed
from sosach.manifest import Manifest, read_manifest
from sosach.report.workbook_pairs import DIFFERENT, IDENTITY, SAME, PairLine, line_print
from sosach.report.workbook_review import write_review
from sosach.settings import Settings
from sosach.state import AccessRecord, StateStore
from sosach.tables import open_tables

REVIEWERS, THIRD = ("A", "B"), "C"
_PURPOSE = "xem xét hai người độc lập"


@dataclass(frozen=True)
class Score:
    """What the answers say; ``disputed`` are references only, ``more`` is empty where the intervals are narrow enough.

    ``waiting`` counts pairs of the draws that not both reviewers have answered.
    """

    agreement: Agreement
    accuracy: Accuracy
    strata: tuple[Stratum, ...]
    disputed: tuple[DrawnPair, ...]
    waiting: int
    more: Mapping[str, int]


def draw_review(
    settings: Settings, run_id: str, seed: int, size: int, out: Path, actor: str, wanted: Mapping[str, int] | None
) -> ReviewKey:
    """Draw pairs of a linked run and write two blind workbooks, ``A.xlsx`` and ``B.xlsx``, to a new folder ``out``.

    Pairs of earlier draws of the run (other seeds) are not drawn again, so that draws may be scored together. The
    same seed again writes the same workbooks. The key stays in the run; both workbooks are noted in the access log.

    Args:
        settings: the installation.
        run_id: the run; its link stage is done.
        seed: names the draw.
        size: how many pairs; shared out by ``allocate`` where ``wanted`` is not given.
        out: folder to make.
        actor: who draws, for the access log.
        wanted: pairs of each stratum instead.

    Raises:
        SettingsError: ``out`` exists, the seed was used for another size, no such stratum, or nothing to draw.
        MissingArtefactError: the run is not linked.
    """
    run, manifest = read_manifest(settings, run_id)
    if out.exists():
        raise SettingsError(f"{out}: exists. Name a new folder: workbooks that somebody fills in are not replaced.")
    size = sum(wanted.values()) if wanted else size
    with connect(settings) as con:
        open_tables(con, settings.expectations, run, needed=("links", "persons", "link_pairs"), only=READS)
        keys = read_keys(run)
        key = keys.get(seed) or _drawn(con, run, seed, size, wanted, [p for k in keys.values() for p in k.pairs])
        if key.size != size:
            raise SettingsError(f"--seed {seed}: drew {key.size} pairs before, not {size}. Take another seed.")
        lines = _lines(con, settings, key.pairs)
    key = replace(key, pairs=tuple(replace(p, print=line_print(lines[p.pair_id])) for p in key.pairs))
    with atomic_dir(out) as folder:
        for reviewer in REVIEWERS:
            _write(run, manifest, key, reviewer, lines, key.order(reviewer), folder / f"{reviewer}.xlsx")
        write_key(run, key)
        _log(settings, manifest, actor, len(REVIEWERS) * len(key.pairs))
    return key


def write_third(settings: Settings, run_id: str, disputed: Sequence[DrawnPair], out: Path, actor: str) -> None:
    """Write the pairs on which two reviewers differ for a third, as blind as theirs; one draw a workbook.

    Raises:
        SettingsError: ``out`` exists, or the pairs are of several draws.
    """
    run, manifest = read_manifest(settings, run_id)
    if out.exists():
        raise SettingsError(f"{out}: exists. Name a new file: a workbook that somebody fills in is not replaced.")
    chosen = {pair.pair_id for pair in disputed}
    keys = [key for key in read_keys(run).values() if any(p.pair_id in chosen for p in key.pairs)]
    if len(keys) != 1:
        raise SettingsError(f"{out}: the disputed pairs are of {len(keys)} draws; score one draw at a time for this.")
    with connect(settings) as con:
        open_tables(con, settings.expectations, run, only=READS)
        lines = _lines(con, settings, disputed)
    ordered = [pair for pair in keys[0].order(THIRD) if pair.pair_id in chosen]
    with atomic_path(out) as draft:
        _write(run, manifest, keys[0], THIRD, lines, ordered, draft)
        _log(settings, manifest, actor, len(ordered))


def score_review(settings: Settings, run_id: str, files: Sequence[Path], width: float) -> Score:
    """Score the workbooks that came back: A and B of one draw or several, and C where a third has settled disputes.

    Args:
        settings: the installation.
        run_id: the run that the workbooks are about.
        files: the workbooks, in any order.
        width: how wide an interval may be, from limit to limit.

    Raises:
        DeliveryError: a file cannot be taken (``read_review``), two of one reviewer, A without B, nothing answered.
    """
    run, _ = read_manifest(settings, run_id)
    keys = read_keys(run)
    found: dict[tuple[int, str], Returned] = {}
    for path in files:
        one = read_review(path, run_id, keys)
        before = found.setdefault((one.seed, one.reviewer), one)
        if before is not one:
            raise DeliveryError(
                f"{path.name}: cùng người xem {one.reviewer} và cùng mẫu với {before.file_name}. Chỉ gửi một tệp."
            )
    seeds = sorted({seed for seed, _ in found})
    for seed in seeds:
        if lacking := [r for r in REVIEWERS if (seed, r) not in found]:
            raise DeliveryError(f"Mẫu {seed}: thiếu tệp của người xem {', '.join(lacking)}. Chấm cần cả hai người.")
    if len({tuple(keys[seed].population.items()) for seed in seeds}) > 1:
        raise DeliveryError(f"Các mẫu {seeds} rút khi dữ liệu nối của lần chạy khác nhau. Chấm riêng từng mẫu.")
    first, second, third = ([_answers_of(found, seed, r) for seed in seeds] for r in (*REVIEWERS, THIRD))
    return _score(list(zip([keys[seed] for seed in seeds], first, second, third, strict=True)), width)


def _answers_of(found: Mapping[tuple[int, str], Returned], seed: int, reviewer: str) -> Mapping[str, str]:
    one = found.get((seed, reviewer))
    return one.answers if one else {}


def _score(
    draws: list[tuple[ReviewKey, Mapping[str, str], Mapping[str, str], Mapping[str, str]]], width: float
) -> Score:
    """Figures of draws with the answers of A, B and C."""
    finals: Counter[tuple[str, bool | None]] = Counter()
    agreed: Counter[bool] = Counter()
    settled: Counter[tuple[bool, bool]] = Counter()
    both: list[tuple[str, str]] = []
    disputed: list[DrawnPair] = []
    waiting = 0
    meaning = {SAME: True, DIFFERENT: False}
    for key, first, second, third in draws:
        for pair in key.pairs:
            a, b = first.get(pair.pair_id), second.get(pair.pair_id)
            if a is None or b is None:
                waiting += 1
                continue
            both.append((a, b))
            final = meaning.get(a) if a == b else meaning.get(third.get(pair.pair_id, ""))
            finals[pair.stratum, final] += 1
            if a == b and final is not None:
                agreed[final] += 1
            elif a != b and final is None:
                disputed.append(pair)
            elif a in meaning and b in meaning and final is not None:
                settled[final, meaning[a] is not final] += 1
    if not both:
        raise DeliveryError("Chưa có cặp nào được cả hai người kết luận. Chờ hai tệp có kết luận rồi chấm lại.")
    strata = tuple(
        Stratum(name, name in LINKED, n, finals[name, True], finals[name, False], finals[name, None])
        for name, n in draws[0][0].population.items()
    )
    result = accuracy(strata, common_slips(agreed, settled))
    narrow = max(result.precision.width, result.recall.width) <= width
    return Score(agreement(both), result, strata, tuple(disputed), waiting, {} if narrow else needed(strata, width))


def _drawn(
    con: duckdb.DuckDBPyConnection,
    run: Run,
    seed: int,
    size: int,
    wanted: Mapping[str, int] | None,
    known: Sequence[DrawnPair],
) -> ReviewKey:
    """A new draw."""
    population = make_population(con)
    if wanted and (unknown := sorted(wanted.keys() - population.keys())):
        raise SettingsError(f"No pairs in stratum {', '.join(unknown)}. There are: {', '.join(population)}.")
    pairs = draw(con, seed, wanted or allocate(population, size), known)
    if not pairs:
        raise SettingsError(f"Run {run.run_id}: no pair is left to draw.")
    return ReviewKey(run.run_id, seed, size, population, pairs)


def _lines(con: duckdb.DuckDBPyConnection, settings: Settings, pairs: Sequence[DrawnPair]) -> dict[str, PairLine]:
    """What people see of pairs, by pair."""
    names = ", ".join(f"nullif(unnest(?::VARCHAR[]), '') AS {name}" for name in IDENTITY)
    columns = [list(column) for column in zip(*(pair.identity for pair in pairs), strict=True)]
    con.execute(f"CREATE OR REPLACE TEMP TABLE review_shown AS SELECT {names}", columns)
    make_cards(con, settings.expectations, "review_shown")
    return {line.pair_id: line for line in lines_of_pairs(con, "review_shown", "''", "''", "true", "ALL")}


def _write(
    run: Run,
    manifest: Manifest,
    key: ReviewKey,
    reviewer: str,
    lines: Mapping[str, PairLine],
    pairs: Sequence[DrawnPair],
    target: Path,
) -> None:
    mark = {"kind": "review", "run_id": run.run_id, "draw": str(key.seed), "reviewer": reviewer, "digest": key.digest}
    write_review([lines[p.pair_id] for p in pairs], reviewer, mark, manifest.as_of, run.run_id, target)


def _log(settings: Settings, manifest: Manifest, actor: str, lines: int) -> None:
    entry = AccessRecord(manifest.run_id, actor, "write_review", "TINH", _PURPOSE, lines, manifest.as_of)
    with StateStore(settings.state_url) as store:
        store.log_access([entry])
