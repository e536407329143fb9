"""Experiments, runs and recurring runs of Kubeflow Pipelines, as people use them in the UI."""
