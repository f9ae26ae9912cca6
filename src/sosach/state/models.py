"""Tables of the state database, as SQLAlchemy sees them; the migrations build the same (a test compares)."""

from datetime import date
from typing import Any, ClassVar

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """All tables of the state database."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        list[str]: JSON,
        list[dict[str, Any]]: JSON,
        dict[str, str]: JSON,
        dict[str, int]: JSON,
    }


class Delivery(Base):
    """A delivery that was taken in: its rows are in the lake. While it is held no run is about it."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("delivery_id"),
        UniqueConstraint("register", "sequence", name="uq_deliveries_register_sequence"),
        CheckConstraint("rows > 0", name="rows"),
        CheckConstraint("status IN ('accepted', 'held')", name="status"),
    )

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    delivery_id: Mapped[str] = mapped_column(String(16))
    register: Mapped[str] = mapped_column(String(64))
    file_name: Mapped[str] = mapped_column(Text)
    rows: Mapped[int]
    received_on: Mapped[date]
    sequence: Mapped[int]
    extra_columns: Mapped[list[str]]
    renamed_columns: Mapped[list[str]]
    status: Mapped[str] = mapped_column(String(16))
    unit: Mapped[str | None] = mapped_column(String(16))
    period_from: Mapped[date | None]
    period_to: Mapped[date | None]
    sender: Mapped[str | None] = mapped_column(Text)
    origin: Mapped[dict[str, str]]
    declared_rows: Mapped[int | None]
    replaces: Mapped[str | None] = mapped_column(String(64))
    parts: Mapped[list[dict[str, Any]]]
    notes: Mapped[dict[str, int]]
    columns: Mapped[list[dict[str, Any]]]
    findings: Mapped[list[dict[str, Any]]]


class DeliveryEvent(Base):
    """Why a delivery was held or released, by whom and when; triggers refuse to change or delete its rows."""

    __tablename__ = "delivery_log"
    __table_args__ = (
        CheckConstraint("status IN ('accepted', 'held')", name="status"),
        Index("ix_delivery_log_sha256", "sha256"),
    )

    entry: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("deliveries.sha256"))
    status: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(String(255))
    on_date: Mapped[date]


class RefusedFile(Base):
    """A file that the latest scan of its folder refused; the rows of a folder are replaced at each scan."""

    __tablename__ = "refused_files"

    register: Mapped[str] = mapped_column(String(255), primary_key=True)
    file_name: Mapped[str] = mapped_column(String(1024), primary_key=True)
    sha256: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text)


class Run(Base):
    """A run that was opened."""

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("sequence"),
        CheckConstraint("status IN ('open', 'finished')", name="status"),
    )

    run_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    as_of: Mapped[date]
    previous_run_id: Mapped[str | None] = mapped_column(ForeignKey("runs.run_id"))
    catalogue: Mapped[str] = mapped_column(String(128))
    status: Mapped[str] = mapped_column(String(16))
    sequence: Mapped[int]


class Access(Base):
    """The access log; triggers refuse to change or delete its rows."""

    __tablename__ = "access_log"
    __table_args__ = (Index("ix_access_log_run_id", "run_id"),)

    entry: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    run_id: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(255))
    action: Mapped[str] = mapped_column(String(64))
    unit: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[str] = mapped_column(Text)
    n_lines: Mapped[int]
    on_date: Mapped[date]
