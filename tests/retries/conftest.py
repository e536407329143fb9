"""The embedded cluster as a remote one, for this folder's sessions."""

from tests.cluster.remote import _clean_environment, remote

__all__ = ["_clean_environment", "remote"]
