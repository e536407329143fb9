"""Checks of what runs: workloads, their pods, their images and why they crash."""
