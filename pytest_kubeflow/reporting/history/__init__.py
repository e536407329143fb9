"""History: the sessions that a directory remembers."""
