"""Probes: the few requests beside the lists that decide between faults, a noun each."""
