"""Who is who: records of all registers joined to persons, and what follows for each adult's marital status.

Only this package may import ``splink``. Rules about what is found are not here; they are in ``expectations/``.
"""
