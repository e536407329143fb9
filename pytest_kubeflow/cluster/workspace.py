"""The workspace: the namespace that a session works in, made and removed where that is ours to do.

Which one it is decides `cluster/namespace.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.cluster.housekeeping import Housekeeping
from pytest_kubeflow.cluster.namespace import (
    Kind,
    NamespaceChoice,
    choose_namespace,
    require_existing,
)
from pytest_kubeflow.errors import KubeflowError, PermissionDenied
from pytest_kubeflow.k8s.namespaces import create_namespace, delete_namespace, wait_until_gone
from pytest_kubeflow.k8s.profiles import create_profile, delete_profile
from pytest_kubeflow.k8s.sessions.leftovers import OwnObjects
from pytest_kubeflow.k8s.sessions.other_sessions import running_beside
from pytest_kubeflow.k8s.sessions.ownership import remains
from pytest_kubeflow.k8s.sessions.reaper import Reaper
from pytest_kubeflow.k8s.sessions.record import SessionRecord
from pytest_kubeflow.waiting import Deadline


@contextmanager
def workspace(cluster: KubernetesCluster, house: Housekeeping | None = None) -> Iterator[str]:
    """A namespace to work in, by name. At the end a scratch one is removed unless it is kept.

    Before, what interrupted sessions left behind is removed, once its time is over.
    """
    choice, house = choose_namespace(cluster), house or Housekeeping()
    if choice.kind is Kind.EXISTING:
        yield from _existing(cluster, choice, house)
        return
    _reap(cluster, house)
    if choice.kind is Kind.SCRATCH:
        yield from _scratch_namespace(cluster, house)
        return
    assert isinstance(cluster, Cluster)
    with scratch_profile(cluster, "scratch", owner=str(cluster.user), house=house) as name:
        yield name


def _existing(
    cluster: KubernetesCluster, choice: NamespaceChoice, house: Housekeeping
) -> Iterator[str]:
    name = str(choice.name)
    if not cluster.kubernetes.is_configured:
        yield name
        return
    # Who may not look at it may yet run pipelines in it.
    with contextlib.suppress(PermissionDenied):
        require_existing(cluster, choice)
    _reap(cluster, house, name)
    with _recorded(cluster, name, house) as record:
        try:
            yield name
        finally:
            with _telling(house):
                _renew_no_more(record, house)
                if house.has_kept():
                    record.keep(cluster.config.session.keep_for)
                else:
                    record.close()


def _reap(cluster: KubernetesCluster, house: Housekeeping, namespace: str | None = None) -> None:
    clock = cluster.ownership.clock
    reaper = Reaper(cluster.kubernetes, clock=clock, purge=house.purge)
    for one in reaper.reap(namespace):
        house.reaped(f"{one}, {remains(one.labels, now=clock())}")


@contextmanager
def _recorded(
    cluster: KubernetesCluster, namespace: str, house: Housekeeping
) -> Iterator[SessionRecord]:
    """While inside, `namespace` says that this session lives."""
    record = SessionRecord(cluster.kubernetes, namespace, cluster.ownership)
    with _telling(house):
        record.renew()
    if house.renewal is not None:
        house.renewal.add(record.renew)
    for who, where in running_beside(OwnObjects(cluster.kubernetes), cluster.ownership, namespace):
        house.beside(
            f"session {who} runs in namespace {where}: both take longer, and neither removes "
            f"what the other has made; if it was killed: --kf-cleanup-session={who.split()[0]}"
        )
    try:
        yield record
    finally:
        _renew_no_more(record, house)


def _renew_no_more(record: SessionRecord, house: Housekeeping) -> None:
    """Before its last word, which the next renewal would take back."""
    if house.renewal is not None:
        house.renewal.remove(record.renew)


@contextmanager
def _telling(house: Housekeeping) -> Iterator[None]:
    """What goes wrong inside is told, and is no reason to end."""
    try:
        yield
    except KubeflowError as error:
        house.failed(error.message)


def _scratch_namespace(cluster: KubernetesCluster, house: Housekeeping) -> Iterator[str]:
    name = cluster.ownership.name("scratch")
    labels, timeout = cluster.ownership.labels(), cluster.config.session.timeout

    def create() -> None:
        deadline = Deadline.after(timeout)
        create_namespace(cluster.kubernetes, name, labels=labels, deadline=deadline)

    def delete() -> None:
        delete_namespace(cluster.kubernetes, name)

    yield from _made(cluster, name, house, create, delete)


@contextmanager
def scratch_profile(
    cluster: Cluster, purpose: str, *, owner: str, house: Housekeeping
) -> Iterator[str]:
    """A Profile of ours with everything in it, by name; removed at the end unless it is kept.

    Raises PermissionDenied where we may not make Profiles.
    """
    name = cluster.ownership.name(purpose)
    labels, timeout = cluster.ownership.labels(), cluster.config.session.timeout

    def create() -> None:
        deadline = Deadline.after(timeout)
        create_profile(cluster.kubernetes, name, owner=owner, labels=labels, deadline=deadline)

    def delete() -> None:
        try:
            house.purge(name)
        finally:
            delete_profile(cluster.kubernetes, name)

    # What was written while it went is left behind as well.
    yield from _made(cluster, name, house, create, delete, gone=lambda: house.purge(name))


def _made(
    cluster: KubernetesCluster,
    name: str,
    house: Housekeeping,
    create: Callable[[], None],
    delete: Callable[[], None],
    gone: Callable[[], None] = lambda: None,
) -> Iterator[str]:
    """A namespace that is made, and removed at the end unless it is kept."""
    session = cluster.config.session
    kept = False
    try:
        create()
        with _recorded(cluster, name, house) as record:
            try:
                yield name
            finally:
                kept = house.keeps(name)
                _renew_no_more(record, house)
                if kept:
                    with _telling(house):
                        record.keep(session.keep_for)
    finally:
        if not kept:
            delete()
            deadline = Deadline.after(session.timeout)
            wait_until_gone(cluster.kubernetes, name, deadline=deadline)
            gone()
