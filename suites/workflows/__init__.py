"""Argo Workflows made by hand, without Kubeflow Pipelines: as `kubectl create` makes them."""
