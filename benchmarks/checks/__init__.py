"""The speed of the checks: ours, hand-written SQL and other tools on the same data (``docs/benchmarks.md``)."""
