"""Deliveries: unit, period, sender, columns, findings and status; the append-only log of their status."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = "delivery_log is append-only"
STATUS = "status IN ('accepted', 'held')"
# Deliveries taken in before this migration were accepted; nothing else was known of them.
NEW_COLUMNS = (
    sa.Column("status", sa.String(16), nullable=False, server_default="accepted"),
    sa.Column("unit", sa.String(16), nullable=True),
    sa.Column("period_from", sa.Date(), nullable=True),
    sa.Column("period_to", sa.Date(), nullable=True),
    sa.Column("sender", sa.Text(), nullable=True),
    sa.Column("origin", sa.JSON(), nullable=False, server_default="{}"),
    sa.Column("declared_rows", sa.Integer(), nullable=True),
    sa.Column("replaces", sa.String(64), nullable=True),
    sa.Column("parts", sa.JSON(), nullable=False, server_default="[]"),
    sa.Column("notes", sa.JSON(), nullable=False, server_default="{}"),
    sa.Column("columns", sa.JSON(), nullable=False, server_default="[]"),
    sa.Column("findings", sa.JSON(), nullable=False, server_default="[]"),
)


def upgrade() -> None:
    """Add the columns, the log, and the triggers that keep it append-only."""
    with op.batch_alter_table("deliveries") as table:
        for column in NEW_COLUMNS:
            table.add_column(column.copy())
        table.create_check_constraint(op.f("ck_deliveries_status"), STATUS)
    op.create_table(
        "delivery_log",
        sa.Column("entry", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_delivery_log")),
        sa.ForeignKeyConstraint(["sha256"], ["deliveries.sha256"], name=op.f("fk_delivery_log_sha256")),
        sa.CheckConstraint(STATUS, name=op.f("ck_delivery_log_status")),
    )
    op.create_index("ix_delivery_log_sha256", "delivery_log", ["sha256"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION delivery_log_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{APPEND_ONLY}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER delivery_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON delivery_log "
            "FOR EACH STATEMENT EXECUTE FUNCTION delivery_log_append_only()"
        )
    else:
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER delivery_log_no_{event.lower()} BEFORE {event} ON delivery_log "
                f"BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY}'); END"
            )


def downgrade() -> None:
    """Drop everything that this migration made."""
    op.drop_table("delivery_log")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION delivery_log_append_only()")
    with op.batch_alter_table("deliveries") as table:
        table.drop_constraint(op.f("ck_deliveries_status"), type_="check")
        for column in reversed(NEW_COLUMNS):
            table.drop_column(column.name)
