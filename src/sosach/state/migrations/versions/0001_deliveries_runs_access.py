"""Deliveries, refused files, runs and the append-only access log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = "access_log is append-only"


def upgrade() -> None:
    """Create the tables, and the triggers that keep the access log append-only."""
    op.create_table(
        "deliveries",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("delivery_id", sa.String(16), nullable=False),
        sa.Column("register", sa.String(64), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("extra_columns", sa.JSON(), nullable=False),
        sa.Column("renamed_columns", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("delivery_id", name=op.f("uq_deliveries_delivery_id")),
        sa.UniqueConstraint("register", "sequence", name=op.f("uq_deliveries_register_sequence")),
        sa.CheckConstraint("rows > 0", name=op.f("ck_deliveries_rows")),
    )
    op.create_table(
        "refused_files",
        sa.Column("register", sa.String(255), nullable=False),
        sa.Column("file_name", sa.String(1024), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("register", "file_name", name=op.f("pk_refused_files")),
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String(32), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("previous_run_id", sa.String(32), nullable=True),
        sa.Column("catalogue", sa.String(128), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_runs")),
        sa.ForeignKeyConstraint(["previous_run_id"], ["runs.run_id"], name=op.f("fk_runs_previous_run_id")),
        sa.UniqueConstraint("sequence", name=op.f("uq_runs_sequence")),
        sa.CheckConstraint("status IN ('open', 'finished')", name=op.f("ck_runs_status")),
    )
    op.create_table(
        "access_log",
        sa.Column("entry", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("run_id", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("unit", sa.String(16), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("n_lines", sa.Integer(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_access_log")),
    )
    op.create_index("ix_access_log_run_id", "access_log", ["run_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION access_log_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{APPEND_ONLY}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER access_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_log "
            "FOR EACH STATEMENT EXECUTE FUNCTION access_log_append_only()"
        )
    else:
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER access_log_no_{event.lower()} BEFORE {event} ON access_log "
                f"BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY}'); END"
            )


def downgrade() -> None:
    """Drop everything that this migration made."""
    op.drop_table("access_log")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION access_log_append_only()")
    op.drop_table("runs")
    op.drop_table("refused_files")
    op.drop_table("deliveries")
