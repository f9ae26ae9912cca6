"""The rules of ``expectations/`` and how they are run: one fused pass a register, reported through Great Expectations.

``rule`` and ``catalogue`` read rules, ``cases`` and ``lint`` test them, ``fused`` runs them, ``gx`` is the stage. Only
``gx`` and ``gx_*`` import Great Expectations; nothing here is imported by this file, so that reading rules stays cheap.
"""
