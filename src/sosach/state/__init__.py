"""The state database: what must be transactional or was said by people.

Holds deliveries seen and their log, refusals, runs and the access log, behind one class. Holds nothing computed: that
is the lake. Nothing outside this package writes SQL against these tables.
"""

from sosach.state.engine import migrate
from sosach.state.records import (
    ACCEPTED,
    HELD,
    AccessRecord,
    DeliveryEvent,
    DeliveryRecord,
    Refusal,
    RunRecord,
    place_of,
)
from sosach.state.store import INGEST, StateStore
from sosach.state.watermarks import PullRecord, PullStore

__all__ = [
    "ACCEPTED",
    "HELD",
    "INGEST",
    "AccessRecord",
    "DeliveryEvent",
    "DeliveryRecord",
    "PullRecord",
    "PullStore",
    "Refusal",
    "RunRecord",
    "StateStore",
    "migrate",
    "place_of",
]
