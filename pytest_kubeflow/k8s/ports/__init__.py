"""Ports of Services, forwarded to this machine."""
