"""StatefulSets: pods that keep their names, their hosts and their volumes."""

from pytest_kubeflow.local.controllers.statefulset.controller import StatefulSetController

__all__ = ["StatefulSetController"]
