"""From the inbox to the lake: deliveries are taken in once, as text, untouched; then a run is opened on them.

Holds reading of files and the accounting of rows. Changes no cell: that is ``sosach.normalize``.
"""

from sosach.ingest.intake import IngestCounts, ingest_register
from sosach.ingest.runs import open_run

__all__ = ["IngestCounts", "ingest_register", "open_run"]
