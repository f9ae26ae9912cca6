"""A campaign's scope, period and targets, and its progress, computed from the runs and never typed."""
