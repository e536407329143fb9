"""Pods of tasks: made, followed, tried again, and made wrong where a fault wants it."""
