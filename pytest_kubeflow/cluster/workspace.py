"""The workspace: the namespace that a session works in, made and removed where that is ours to do.

| cluster | namespace |
| --- | --- |
| --kf-namespace | that one, as it is |
| multi-user, we may make Profiles | a scratch Profile owned by the user that the gateway knows |
| multi-user otherwise | the example user's namespace, as it is |
| stand-alone pipelines | `kubeflow`, as it is: runs and what they mount live there |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pytest_kubeflow.auth.ladder import EXAMPLE_NAMESPACE
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.errors import ConfigurationError, KubeflowError
from pytest_kubeflow.k8s.namespaces import require_namespace, wait_until_gone
from pytest_kubeflow.k8s.profiles import create_profile, delete_profile, may_create_profiles
from pytest_kubeflow.k8s.reaper import Reaper
from pytest_kubeflow.waiting import Deadline

STANDALONE_NAMESPACE = "kubeflow"


@contextmanager
def workspace(cluster: Cluster, *, keep: Callable[[str], bool] = lambda _: False) -> Iterator[str]:
    """A namespace to work in, by name. At the end a scratch one is removed unless `keep(name)`.

    Before, what interrupted sessions left behind is removed, once its time is over.
    """
    name = existing_namespace(cluster)
    if name is None:
        yield from _scratch(cluster, str(cluster.user), keep)
    else:
        yield from _existing(cluster, name)


def existing_namespace(cluster: Cluster) -> str | None:
    """The namespace that there has to be; None where a scratch Profile is made."""
    configured = cluster.config.kubernetes.namespace
    if configured is not None:
        return configured
    if not cluster.multi_user:
        return STANDALONE_NAMESPACE
    if cluster.user is not None and may_create_profiles(cluster.kubernetes):
        return None
    return EXAMPLE_NAMESPACE


def _existing(cluster: Cluster, name: str) -> Iterator[str]:
    if not cluster.kubernetes.is_configured:
        yield name
        return
    require_existing(cluster, name)
    reaper = Reaper(cluster.kubernetes)
    reaper.reap(name)
    yield name


def require_existing(cluster: Cluster, name: str) -> None:
    """Make sure that the namespace `name` can be worked in. Raises KubeflowErrors."""
    try:
        require_namespace(cluster.kubernetes, name)
    except KubeflowError as error:
        if cluster.config.kubernetes.namespace is not None:
            raise
        raise ConfigurationError(
            f"the namespace {name!r}, taken as none was given, cannot be used "
            f"({error.message}); name one with --kf-namespace"
        ) from error


def _scratch(cluster: Cluster, user: str, keep: Callable[[str], bool]) -> Iterator[str]:
    Reaper(cluster.kubernetes).reap()
    with scratch_profile(cluster, "scratch", owner=user, keep=keep) as name:
        yield name


@contextmanager
def scratch_profile(
    cluster: Cluster, purpose: str, *, owner: str, keep: Callable[[str], bool]
) -> Iterator[str]:
    """A Profile of ours with everything in it, by name; removed at the end unless `keep(name)`.

    Raises PermissionDenied where we may not make Profiles.
    """
    name = cluster.ownership.name(purpose)
    timeout = cluster.config.session.timeout
    try:
        create_profile(
            cluster.kubernetes,
            name,
            owner=owner,
            labels=cluster.ownership.labels(),
            deadline=Deadline.after(timeout),
        )
        yield name
    finally:
        if not keep(name):
            delete_profile(cluster.kubernetes, name)
            wait_until_gone(cluster.kubernetes, name, deadline=Deadline.after(timeout))
