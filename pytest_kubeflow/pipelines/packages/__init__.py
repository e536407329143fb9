"""Compiled pipelines: what is in them, with what images and variables they run."""
