"""Made-up registers of Nghệ An with planted errors and the truth behind them.

``make`` writes one data set; ``python -m synthetic_data`` is its command line. Nothing here is about a real person.
"""

from synthetic_data.make import Summary, make

__all__ = ["Summary", "make"]
