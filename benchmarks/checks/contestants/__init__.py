"""One module a contestant.

Each has ``run(core, out)``, which is measured, and ``pairs(state, out)``, which is not: the (record_key, rule_id)
that a caller of the tool really gets, with the ``counts`` of the tool by rule.
"""
