"""Submitting pipelines, following their runs, and reading what their tasks did."""
