"""Profiles without what belongs to them, and namespaces that do not end."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_kubeflow.local.kube.resources import CONFIG_MAPS, NAMESPACES, PROFILES, SECRETS
from pytest_kubeflow.local.platform.components.pipelines import PROFILE_PIECES
from pytest_kubeflow.local.platform.faults.edits import (
    Backdate,
    Change,
    Edit,
    EditTarget,
    Make,
    Remove,
    Scale,
    Undo,
)
from pytest_kubeflow.local.platform.faults.fault import PlatformFault

_PROFILE = "kubeflow-user-example-com"
_PIECES = (
    (SECRETS, "mlpipeline-minio-artifact"),
    (CONFIG_MAPS, "kfp-launcher"),
    (CONFIG_MAPS, "metadata-grpc-configmap"),
    (CONFIG_MAPS, "artifact-repositories"),
)


def _without_pieces() -> Sequence[Edit]:
    return [
        Scale(PROFILE_PIECES.name, PROFILE_PIECES.namespace),
        *(Remove(resource, name, _PROFILE) for resource, name in _PIECES),
    ]


def _failed() -> Sequence[Edit]:
    """A Profile whose namespace was there before, and is somebody else's."""
    metadata = {"name": "research", "annotations": {"owner": "somebody@example.com"}}
    owner = {"kind": "User", "name": "researcher@example.com"}
    return [
        Make(NAMESPACES, {"metadata": metadata}),
        Make(PROFILES, {"metadata": {"name": "research"}, "spec": {"owner": owner}}),
    ]


class _NotEnding:
    """A namespace that is being deleted, with an object in it that a finalizer keeps."""

    NAME = "old-team"

    async def apply(self, place: EditTarget) -> Undo:
        name = self.NAME
        undo_namespace = await Make(NAMESPACES, {"metadata": {"name": name}}).apply(place)
        metadata = {
            "name": "random-search-trial",
            "namespace": name,
            "finalizers": ["katib.kubeflow.org/clean-metrics-in-db"],
        }
        undo_content = await Make(CONFIG_MAPS, {"metadata": metadata}).apply(place)
        await place.client.delete(NAMESPACES, name)
        await Backdate(NAMESPACES, None, None, 900, name=name).apply(place)

        async def undo() -> None:
            await undo_content()
            await undo_namespace()

        return undo


FAULTS = {
    "profile-pieces-missing": PlatformFault(_without_pieces),
    "profile-failed": PlatformFault(_failed),
    "namespace-not-ending": PlatformFault(lambda: [_NotEnding()]),
    "metrics-injection-off": PlatformFault(
        lambda: [
            Change(
                NAMESPACES,
                _PROFILE,
                {"metadata": {"labels": {"katib.kubeflow.org/metrics-collector-injection": None}}},
            )
        ]
    ),
    "default-password-valid": PlatformFault(list),
}
