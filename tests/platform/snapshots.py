"""Snapshots of clusters that a test writes down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from pytest_kubeflow.platform.snapshot import Kind, Object, Snapshot
from pytest_kubeflow.platform.snapshot.observations import Observations
from pytest_kubeflow.platform.snapshot.reading import KINDS

_KINDS = {kind.name: kind for kind in KINDS}


def snapshot_of(
    *objects: Object,
    observed: Observations | None = None,
    without: Sequence[Kind] = (),
    serves: Sequence[str] = (),
) -> Snapshot:
    """A whole cluster with these objects alone, whose API serves all kinds but those `without`.

    `serves` names resources that it serves beside those.
    """
    listed: dict[Kind, list[Object]] = defaultdict(list)
    for one in objects:
        listed[_KINDS[one["kind"]]].append(one)
    served = [kind for kind in KINDS if kind not in without]
    snapshot = Snapshot(
        objects={kind: tuple(listed[kind]) for kind in served},
        served=frozenset(kind.resource for kind in served) | set(serves),
        server_version="v1.34.1",
    )
    return snapshot if observed is None else replace(snapshot, observed=observed)


def an_object(kind: Kind, name: str, namespace: str = "", **fields: object) -> Object:
    """An object of a kind, with the fields beside its metadata."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    given = fields.pop("metadata", {})
    assert isinstance(given, dict)
    return {"kind": kind.name, "metadata": {**metadata, **given}, **fields}
