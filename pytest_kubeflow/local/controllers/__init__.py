"""The controllers of the embedded cluster, one file per kind that they look after.

Each is a `Controller`: it watches through informers, puts keys on a work queue, and reconciles one
key at a time over HTTP, as kube-controller-manager and Kubeflow's own controllers do.
"""

from pytest_kubeflow.local.controllers.manager import ControllerManager

__all__ = ["ControllerManager"]
