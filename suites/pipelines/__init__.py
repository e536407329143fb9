"""Pipelines run, in the right order, and hand on what their tasks return."""
