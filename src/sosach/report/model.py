"""The results that a report is made of, as plain frozen data.

Holds counts and the declared texts around them. Percentages are never stored: whoever prints one computes it from
the numerator and denominator that stand beside it. Personal data is only in ``WorkLine``.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Share:
    """A part of a whole; both are counts."""

    numerator: int
    denominator: int


@dataclass(frozen=True)
class Unit:
    """A commune-level unit of today, or the bucket of records that no commune answers for (code ``TINH``)."""

    code: str
    name: str  # with its kind: "Phường Thành Vinh", "Xã Lượng Minh"


@dataclass(frozen=True)
class CampaignCounts:
    """Citizens in the campaign's scope by outcome; the five outcomes add up to ``in_scope``.

    ``added`` and ``corrected`` are those among ``matching`` whose defect was open at the baseline and has since been
    mended at the source; they are not further citizens.
    """

    in_scope: int
    reviewed: int  # compared with hộ tịch and court records (identity number usable)
    matching: int
    missing: int
    differing: int
    duplicate: int
    to_verify: int
    added: int
    corrected: int
    transferred: int
    confirmable: int  # status can be confirmed from data alone
    with_status: int  # adults whose recorded status is not empty
    certificates: int  # certificates of marital status issued in the last twelve months
    certificates_answerable: int  # of those: data could have answered instead


@dataclass(frozen=True)
class CampaignRow:
    """One unit's line of the campaign table."""

    unit: Unit
    counts: CampaignCounts
    rank: int | None  # None: denominator below the campaign's minimum
    previous_clean: Share | None  # tỷ lệ làm sạch of the previous run, if there was one


@dataclass(frozen=True)
class ClassRow:
    """How many citizens of the province fall in one class of the status comparison.

    Not told by commune: classes are so many that nearly all their cells would be small, and hiding them would hide the
    rest.
    """

    code: str  # KHOP, A1 … K1
    title: str
    group: str  # matching | missing | differing | duplicate | to_verify
    count: int


@dataclass(frozen=True)
class ReasonRow:
    """How many citizens in scope of the province can be confirmed, or cannot for the one reason given first."""

    code: str  # du_can_cu, or what is in the way
    title: str
    count: int


@dataclass(frozen=True)
class DimensionRow:
    """Records without an open violation in one of the four words, among the records checked."""

    dimension: str  # dung | du | sach | song
    unit_code: str | None  # None: whole province
    clean: Share


@dataclass(frozen=True)
class RuleRow:
    """One rule and what it found in the whole province."""

    rule_id: str
    version: int
    register_id: str
    register_title: str
    dimension: str
    severity: str
    answer: str
    title: str
    message: str  # template with {field} placeholders, never filled in here
    what_to_do: str
    law: tuple[str, ...]
    status: str  # ok | undecided | not_applicable | engine_error
    passed: int
    failed: int
    undecided: int
    not_applicable: int
    mended: int  # of the failed: mended on the way in, nobody has to act
    records_failed_by_unit: tuple[tuple[str, int, int], ...]  # unit code, failed, applicable and decided


@dataclass(frozen=True)
class RegisterRow:
    """The balance of one register: delivered = core + quarantined + superseded."""

    register_id: str
    title: str
    deliveries: int
    refused: int
    rows_delivered: int
    rows_core: int
    rows_quarantined: int
    rows_superseded: int


@dataclass(frozen=True)
class RefusedDelivery:
    """A delivery that could not be taken in."""

    register_id: str
    file_name: str
    reason: str


@dataclass(frozen=True)
class DueRow:
    """What one unit had to deliver of one register up to the run's date: periods by what came of them."""

    register_id: str
    register_title: str
    unit: Unit
    on_time: int
    late: int
    missing: int
    not_due: int  # the day of delivery has not passed, and nothing came yet
    days_late: int  # of the period that is longest overdue or was longest late


@dataclass(frozen=True)
class Task:
    """One line of the 6-rõ table (rõ người, việc, thời gian, trách nhiệm, sản phẩm, thẩm quyền)."""

    what: str
    who: str
    with_whom: str
    responsibility: str
    authority: str
    deadline: str
    product: str
    progress: Share | None


@dataclass(frozen=True)
class IssueBalance:
    """open_before + new + reopened - closed = open_after, of what officers have to settle (no information findings)."""

    open_before: int
    new: int
    reopened: int
    closed: int
    open_after: int


@dataclass(frozen=True)
class ReportData:
    """Everything that the site and the official report show."""

    run_id: str
    as_of: date
    campaign_id: str
    campaign_title: str
    campaign_from: date
    campaign_to: date
    province: str
    superior: str  # letterhead, left upper line
    issuer: str  # letterhead, left lower line
    place: str
    catalogue_version: str
    small_cell: int
    min_ranked: int
    totals: CampaignCounts
    previous_clean: Share | None
    rows: tuple[CampaignRow, ...]
    classes: tuple[ClassRow, ...]
    dimensions: tuple[DimensionRow, ...]
    rules: tuple[RuleRow, ...]
    registers: tuple[RegisterRow, ...]
    refused: tuple[RefusedDelivery, ...]
    issues: IssueBalance
    outcome_rules: tuple[str, ...]  # rules whose findings in a unit tell the size of a campaign outcome there
    tasks: tuple[Task, ...]
    due: tuple[DueRow, ...] = ()  # empty where no register declares when it is to be delivered
    reasons: tuple[ReasonRow, ...] = ()  # they add up to the citizens in scope


@dataclass(frozen=True)
class WorkLine:
    """One line of a commune's work list. Personal: goes only into that commune's workbook, already masked."""

    issue_id: str
    rule_id: str
    severity: str
    title: str
    register_title: str
    record_key: str
    person: str  # name as far as the work allows
    message: str
    evidence: tuple[tuple[str, str], ...]  # label, value
    proposal: str  # "" where there is none
    what_to_do: str
    answers: tuple[str, ...]  # the decision column's drop-down
    first_seen: date
