"""Submitting pipelines, following their runs, and reading what their tasks did.

The client, uploads and submissions are here. `packages/` is what is submitted, `runs/` what comes
of it, `following/` the thread that sees how it ends, `tasks/` and `outputs/` what was done in it.
"""
