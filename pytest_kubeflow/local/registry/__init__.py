"""A container registry by the OCI distribution API, for images that are pushed to the cluster.

It answers as the CNCF Distribution registry does (distribution/distribution registry/handlers,
opencontainers/distribution-spec), with a user and a password for all that it gives and takes.
"""

from pytest_kubeflow.local.registry.app import registry_app
from pytest_kubeflow.local.registry.basicauth import BasicAuth
from pytest_kubeflow.local.registry.repositories import Repositories

__all__ = ["BasicAuth", "Repositories", "registry_app"]
