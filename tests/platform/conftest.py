"""The embedded cluster as a remote one, for this folder's tests."""

from tests.k8s.conftest import _clean_environment, kubernetes, remote

__all__ = ["_clean_environment", "kubernetes", "remote"]
