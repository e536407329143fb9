"""What the account of a session inside the cluster is allowed: what its tests need, no more."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.platform.probes.minimal_objects import KNOWN
from pytest_kubeflow.platform.snapshot.reading import KINDS
from pytest_kubeflow.preflight.needs import HEALTH, Needs
from pytest_kubeflow.preflight.rightstable import (
    AT_PIPELINES,
    LOGIN,
    Right,
    Rules,
    rules_of,
    wanted_by,
)

_HEALTH = (HEALTH,)


def rules_for(needs: Needs, way: str) -> Rules:
    """The rules for tests with these needs, which log in by `way` (`auth/ladder.py`).

    Which components the cluster has is not asked: rights to what is not there are worth nothing.
    """
    return rules_of(rights_for(needs, way))


def rights_for(needs: Needs, way: str) -> Iterator[Right]:
    """The rights themselves, as a preflight with that account asks for them."""
    yield from wanted_by(needs)
    if way == "projected":
        yield from wanted_by(needs, AT_PIPELINES)
    if way == "token-request":
        yield from wanted_by(needs, (LOGIN,))
    yield from wanted_by(needs, _of_health())


def _of_health() -> Iterator[Right]:
    """Rights to look for what is broken, in all of the cluster (platform/probes)."""
    for kind in KINDS:
        yield Right(
            *(("list",), kind.plural, "platform health", _HEALTH),
            group=kind.group,
            cluster_wide=True,
        )
    for one in KNOWN.values():
        yield Right(("create",), one.plural, "dry runs through webhooks", _HEALTH, group=one.group)
    for verb, resource in (("get", "secrets"), ("get", "pods/log"), ("create", "pods/portforward")):
        yield Right((verb,), resource, "platform health", _HEALTH, cluster_wide=True)
