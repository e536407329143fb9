"""The workspace: the namespace that a session works in, made and removed where that is ours to do.

Which one it is decides `cluster/namespace.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.cluster.namespace import (
    Kind,
    NamespaceChoice,
    choose_namespace,
    require_existing,
)
from pytest_kubeflow.errors import PermissionDenied
from pytest_kubeflow.k8s.namespaces import create_namespace, delete_namespace, wait_until_gone
from pytest_kubeflow.k8s.profiles import create_profile, delete_profile
from pytest_kubeflow.k8s.reaper import Reaper
from pytest_kubeflow.waiting import Deadline


@contextmanager
def workspace(
    cluster: KubernetesCluster, *, keep: Callable[[str], bool] = lambda _: False
) -> Iterator[str]:
    """A namespace to work in, by name. At the end a scratch one is removed unless `keep(name)`.

    Before, what interrupted sessions left behind is removed, once its time is over.
    """
    choice = choose_namespace(cluster)
    if choice.kind is Kind.EXISTING:
        yield from _existing(cluster, choice)
        return
    Reaper(cluster.kubernetes).reap()
    if choice.kind is Kind.SCRATCH:
        yield from _scratch_namespace(cluster, keep)
        return
    assert isinstance(cluster, Cluster)
    with scratch_profile(cluster, "scratch", owner=str(cluster.user), keep=keep) as name:
        yield name


def _existing(cluster: KubernetesCluster, choice: NamespaceChoice) -> Iterator[str]:
    name = str(choice.name)
    if cluster.kubernetes.is_configured:
        # Who may not look at it may yet run pipelines in it.
        with contextlib.suppress(PermissionDenied):
            require_existing(cluster, choice)
        Reaper(cluster.kubernetes).reap(name)
    yield name


def _scratch_namespace(cluster: KubernetesCluster, keep: Callable[[str], bool]) -> Iterator[str]:
    name = cluster.ownership.name("scratch")
    timeout = cluster.config.session.timeout
    try:
        create_namespace(
            cluster.kubernetes,
            name,
            labels=cluster.ownership.labels(),
            deadline=Deadline.after(timeout),
        )
        yield name
    finally:
        if not keep(name):
            delete_namespace(cluster.kubernetes, name)
            wait_until_gone(cluster.kubernetes, name, deadline=Deadline.after(timeout))


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
