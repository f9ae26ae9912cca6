"""The state database: what must be transactional or was said by people.

Holds deliveries seen, refusals, runs and the access log, behind one class. Holds nothing computed: that is the
lake. Nothing outside this package writes SQL against these tables.
"""

from sosach.state.engine import migrate
from sosach.state.records import AccessRecord, DeliveryRecord, Refusal, RunRecord
from sosach.state.store import StateStore

__all__ = ["AccessRecord", "DeliveryRecord", "Refusal", "RunRecord", "StateStore", "migrate"]
