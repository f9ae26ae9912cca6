"""Alembic migrations of the state database; run by ``sosach.state.migrate``, never by hand."""
