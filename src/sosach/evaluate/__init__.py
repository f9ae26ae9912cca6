"""How right a finished run is: its tables compared with the truth that the synthetic data were made from.

The only package that reads a truth folder; nothing else of ``sosach`` may import it. It counts; it repairs nothing,
and no name, number or key leaves it.
"""
