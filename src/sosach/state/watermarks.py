"""How far each SQL source was read: its pulls, one row each, kept for ever.

A pull is the file that it became and the watermark that it reached, so that one row says both or neither. Holds the
table and its queries; what a pull does is in ``sosach.ingest.sql_source``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import CheckConstraint, String, Text, Update, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from sosach.errors import SettingsError
from sosach.state.models import Base
from sosach.state.store import StateStore

STAGED, PUBLISHED, LOST = "staged", "published", "lost"


@dataclass(frozen=True)
class PullRecord:
    """One pull of a source; ``sequence`` counts from 1 within the source.

    Args:
        watermark: column and type that the watermark values are of, e.g. ``ngay_cap_nhat timestamp``.
        watermark_from: value after which rows were read, as text; None: from the beginning.
        watermark_to: highest value that was read, as text; None where no row has one.
        window_digest: what the next pull reads again if nothing changed, ``<rows>:<sum of hashes>``.
        status: staged (recorded, not yet in the inbox), published, or lost (its file was gone before it was taken in).
    """

    source: str
    sequence: int
    register: str
    watermark: str
    watermark_from: str | None
    watermark_to: str | None
    rows: int
    window_digest: str
    file_name: str
    sha256: str
    pulled_on: date
    status: str = STAGED


class SourcePull(Base):
    """A pull that brought rows."""

    __tablename__ = "source_pulls"
    __table_args__ = (
        CheckConstraint("rows > 0", name="rows"),
        CheckConstraint("status IN ('staged', 'published', 'lost')", name="status"),
    )

    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    register: Mapped[str] = mapped_column(String(64))
    watermark: Mapped[str] = mapped_column(Text)
    watermark_from: Mapped[str | None] = mapped_column(Text)
    watermark_to: Mapped[str | None] = mapped_column(Text)
    rows: Mapped[int]
    window_digest: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    pulled_on: Mapped[date]
    status: Mapped[str] = mapped_column(String(16))


class PullStore(StateStore):
    """The state database with the pulls of SQL sources."""

    def __enter__(self) -> "PullStore":
        super().__enter__()
        return self

    def pulls(self, source: str) -> list[PullRecord]:
        """All pulls of a source, the first one first."""
        query = select(SourcePull).where(SourcePull.source == source).order_by(SourcePull.sequence)
        with self._sessions.begin() as session:
            return [
                PullRecord(**{name: getattr(found, name) for name in PullRecord.__dataclass_fields__})
                for found in session.scalars(query)
            ]

    def record_pull(self, pull: PullRecord, lost: Iterable[int] = ()) -> None:
        """Record the next pull of a source and which of its earlier pulls it makes good for, in one transaction.

        Raises:
            SettingsError: somebody else pulled this source since ``pull`` was numbered.
        """
        with self._write() as session:
            last = session.scalar(select(func.max(SourcePull.sequence)).where(SourcePull.source == pull.source)) or 0
            if pull.sequence != last + 1:
                raise SettingsError(
                    f"Source {pull.source}: another pull ended meanwhile; this one was dropped and nothing is missing. "
                    "Pull a source from one machine at a time."
                )
            session.add(SourcePull(**vars(pull)))
            session.execute(_set_status(pull.source, lost, LOST))

    def settle_pulls(self, source: str, sequences: Iterable[int], status: str) -> None:
        """Say what became of these pulls: published or lost."""
        with self._write() as session:
            session.execute(_set_status(source, sequences, status))


def _set_status(source: str, sequences: Iterable[int], status: str) -> Update:
    return (
        update(SourcePull)
        .where(SourcePull.source == source, SourcePull.sequence.in_(list(sequences)))
        .values(status=status)
    )
