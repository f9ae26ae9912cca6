"""What Alembic runs: the migrations on the connection (and in the transaction) that ``sosach.state`` opened."""

from alembic import context

from sosach.state.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
