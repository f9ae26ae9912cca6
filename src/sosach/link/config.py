"""What a linkage is made of: comparisons and their levels, blocking, training, thresholds.

Holds declarations and their checks only. Estimating is in ``estimate`` and ``engine``, words for a pair in ``explain``.
A condition is SQL over ``<column>_l`` and ``<column>_r``; a key is SQL over one record's columns, NULL where the record
has none. Weights are log2 of odds, prior included (Fellegi and Sunter 1969, in Splink's scale).
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from sosach.errors import SettingsError

ELSE = "ELSE"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TEXT = re.compile(r"'(?:[^']|'')*'")
_SIDED = re.compile(r"\b([A-Za-z_]\w*?)_[lr]\b")


@dataclass(frozen=True)
class Level:
    """One grade of agreement of a comparison.

    Args:
        sql_condition: SQL that is true for the pairs of this level and of no level before it; ``ELSE`` for the last.
        words_vi: what an officer reads: ``cùng ngày sinh``; of a level that does not agree, what differs, for it stands
            after ``khác:``: ``dấu hỏi/ngã``, ``năm sinh``.
        m: share of true pairs in this level, used where training cannot tell; None for the null level alone.
        u: share of random pairs in this level, used where training cannot tell; None for the null level alone.
        is_null: one side has no value: the comparison says nothing.
        agrees: whether ``words_vi`` speaks for the pair (``giống``) or names a difference (``khác``).
        tf_column: column that both sides share in this level and whose rare terms weigh more; None: all weigh alike.
        tf_weight: how much of the difference between a term and the average counts, 0 to 1.
        fixed: ``m`` and ``u`` stay as declared, whatever the data says.
    """

    sql_condition: str
    words_vi: str
    m: float | None = None
    u: float | None = None
    is_null: bool = False
    agrees: bool = True
    tf_column: str | None = None
    tf_weight: float = 1.0
    fixed: bool = False


@dataclass(frozen=True)
class Comparison:
    """One field or group of fields; levels from the strongest agreement to ``ELSE``, the null level first.

    ``name`` becomes ``gamma_<name>`` and ``weight_<name>``; gamma is -1 for the null level, 0 for ``ELSE``, and rises
    by one a level to the strongest.
    """

    name: str
    field_vi: str
    levels: tuple[Level, ...]

    @cached_property
    def graded(self) -> tuple[tuple[int, Level], ...]:
        """Gamma and level, strongest first, without the null level."""
        graded = [level for level in self.levels if not level.is_null]
        return tuple((len(graded) - 1 - i, level) for i, level in enumerate(graded))

    def level(self, gamma: int) -> Level:
        """The level of a gamma.

        Raises:
            KeyError: the comparison has no such level.
        """
        if gamma == -1:
            return next(level for level in self.levels if level.is_null)
        return dict(self.graded)[gamma]


@dataclass(frozen=True)
class Block:
    """Records with the same key become pairs.

    Args:
        name: how reports call it.
        key: SQL over one record; NULL keeps the record out.
        many: the key is a list, and one element in common is enough.
    """

    name: str
    key: str
    many: bool = False


@dataclass(frozen=True)
class TrainingBlock:
    """Pairs from which m is estimated.

    Args:
        name: how reports call it.
        key: SQL over one record; NULL keeps the record out.
        uses: comparisons that the key decides; they learn nothing from these pairs.
    """

    name: str
    key: str
    uses: tuple[str, ...]


@dataclass(frozen=True)
class LinkConfig:
    """A whole linkage; two configs with one ``digest`` link alike.

    Args:
        name: of the linkage, part of temp tables' names.
        comparisons: fields; assumed to be independent among true and among random pairs.
        blocking: which pairs are looked at where the caller has none.
        training_blocking: see :class:`TrainingBlock`; every comparison should stay free in one of them.
        certain: keys whose pairs are almost surely true; their number gives the prior.
        certain_recall: share of true pairs that ``certain`` finds, 0 to 1.
        default_prior: share of true pairs among all where ``certain`` finds none.
        link_weight: from this weight on a pair is a link.
        review_weight: from this weight on a pair is for a person to judge.
        margin: by how much the best candidate must outweigh the second.
        max_cluster: persons' clusters above this size are stopped.
        max_block: a key shared by more than this many pairs is no evidence and makes none.
        version: raise it when a column that conditions read changes its meaning.
    """

    name: str
    comparisons: tuple[Comparison, ...]
    blocking: tuple[Block, ...]
    training_blocking: tuple[TrainingBlock, ...]
    certain: tuple[str, ...]
    certain_recall: float
    default_prior: float
    link_weight: float
    review_weight: float
    margin: float
    max_cluster: int
    max_block: int = 250_000
    version: int = 1

    def __post_init__(self) -> None:
        for fault in _faults(self):
            raise SettingsError(f"link config {self.name}: {fault}.")

    @cached_property
    def digest(self) -> str:
        """16 hex digits of the SHA-256 of everything declared here."""
        content = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Columns that the conditions read, sorted, without the frequencies' columns."""
        conditions = (_TEXT.sub("''", level.sql_condition) for c in self.comparisons for level in c.levels)
        return tuple(sorted({found for sql in conditions for found in _SIDED.findall(sql)}))

    @cached_property
    def tf_columns(self) -> tuple[str, ...]:
        """Columns whose terms' frequencies count, sorted."""
        return tuple(sorted({level.tf_column for c in self.comparisons for level in c.levels if level.tf_column}))

    def as_json(self) -> dict[str, Any]:
        """What :func:`config_from_json` reads back."""
        return asdict(self)


def config_from_json(content: dict[str, Any]) -> LinkConfig:
    """The config that ``as_json`` wrote.

    Raises:
        SettingsError: a field is missing, unknown or wrong.
    """
    try:
        return LinkConfig(
            **{
                **content,
                "comparisons": tuple(
                    Comparison(**{**c, "levels": tuple(Level(**level) for level in c["levels"])})
                    for c in content["comparisons"]
                ),
                "blocking": tuple(Block(**b) for b in content["blocking"]),
                "training_blocking": tuple(
                    TrainingBlock(**{**b, "uses": tuple(b["uses"])}) for b in content["training_blocking"]
                ),
                "certain": tuple(content["certain"]),
            }
        )
    except (KeyError, TypeError) as error:
        raise SettingsError(f"link config: not as this version writes it ({type(error).__name__}).") from None


def _faults(config: LinkConfig) -> list[str]:
    faults = []
    names = [c.name for c in config.comparisons]
    if not names or len(set(names)) < len(names):
        faults.append("it needs comparisons, each with a name of its own")
    for name in [config.name, *names]:
        if not _NAME.fullmatch(name):
            faults.append(f"{name}: a name is lower-case letters, digits and _")
    for comparison in config.comparisons:
        faults += [f"comparison {comparison.name}: {fault}" for fault in _level_faults(comparison)]
    for block in config.training_blocking:
        if unknown := sorted(set(block.uses) - set(names)):
            faults.append(f"training block {block.name}: no comparison {', '.join(unknown)}")
    if not 0 < config.default_prior < 1 or not 0 < config.certain_recall <= 1:
        faults.append("default_prior and certain_recall lie between 0 and 1")
    if config.review_weight > config.link_weight:
        faults.append("review_weight lies above link_weight")
    if config.margin < 0 or config.max_cluster < 2 or config.max_block < 1:
        faults.append("margin, max_cluster or max_block is too small")
    return faults


def _level_faults(comparison: Comparison) -> list[str]:
    graded = [level for level in comparison.levels if not level.is_null]
    if len(graded) < 2 or len(comparison.levels) - len(graded) != 1 or not comparison.levels[0].is_null:
        return ["it needs the null level first and two levels after it"]
    faults = []
    if [level.sql_condition.strip().upper() == ELSE for level in graded] != [False] * (len(graded) - 1) + [True]:
        faults.append(f"the last level, and no other, has the condition {ELSE}")
    if any(level.m is None or level.u is None or not (0 < level.m < 1 and 0 < level.u < 1) for level in graded):
        faults.append("every level but the null level declares m and u between 0 and 1")
    elif abs(sum(level.m or 0 for level in graded) - 1) > 0.02 or abs(sum(level.u or 0 for level in graded) - 1) > 0.02:
        faults.append("the declared m, and the declared u, of its levels add up to 1")
    return faults
