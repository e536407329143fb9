"""Retries: what was lost on the way, how long it is asked for again, and by whom."""
