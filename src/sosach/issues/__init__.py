"""The life of a violation over runs: from the violations of a run and the issues of the run before.

Holds no decision of an officer; those are in the state database.
"""
