"""The embedded cluster, whose kubelet runs the image."""

from tests.cluster.remote import _clean_environment, remote

__all__ = ["_clean_environment", "remote"]
