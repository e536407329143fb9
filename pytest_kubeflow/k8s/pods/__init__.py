"""Pods: helpers of ours, those of runs, their logs, and what keeps one from starting."""
