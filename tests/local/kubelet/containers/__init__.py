"""Processes of containers: environment, probes, logs, what they are refused."""
