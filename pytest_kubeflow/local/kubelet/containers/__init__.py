"""One container: what it starts with, how it runs and restarts, what it writes."""
