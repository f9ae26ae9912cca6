"""Pulls of SQL sources: how far each source was read, and which file that became."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "source_pulls",
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("register", sa.String(64), nullable=False),
        sa.Column("watermark", sa.Text(), nullable=False),
        sa.Column("watermark_from", sa.Text(), nullable=True),
        sa.Column("watermark_to", sa.Text(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("window_digest", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("pulled_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("source", "sequence", name=op.f("pk_source_pulls")),
        sa.CheckConstraint("rows > 0", name=op.f("ck_source_pulls_rows")),
        sa.CheckConstraint("status IN ('staged', 'published', 'lost')", name=op.f("ck_source_pulls_status")),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("source_pulls")
