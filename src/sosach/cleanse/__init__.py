"""Suggested repairs of what the rules found. Nothing here changes a record; an officer decides."""
