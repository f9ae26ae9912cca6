"""Sổ Sạch: data quality for civil-status, court and residence registers.

Holds nothing itself; the stages are in ``sosach.stages``. Never imports ``airflow``.
"""

__version__ = "0.1.0"
