"""Deletion: grace periods, finalizers, preconditions, and what remains meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from pytest_kubeflow.local.apiserver.builtin import decode
from pytest_kubeflow.local.apiserver.errors import (
    Object,
    StatusError,
    bad_request,
    conflict,
    forbidden,
    invalid,
)
from pytest_kubeflow.local.apiserver.resources import ResourceType
from pytest_kubeflow.local.apiserver.store import Name, ResourceStore
from pytest_kubeflow.local.apiserver.times import timestamp
from pytest_kubeflow.local.apiserver.validation.causes import bad, unsupported

_FOREGROUND, _ORPHAN = "foregroundDeletion", "orphan"
_FINALIZERS = {"Foreground": _FOREGROUND, "Orphan": _ORPHAN}
_PROPAGATION = {("batch", "jobs"): "Orphan"}  # where nothing is said, as it was at first
_FINAL = {"Succeeded", "Failed"}
_POLICIES = ("Foreground", "Background", "Orphan", "nil")
_IMMORTAL = {"default", "kube-public", "kube-system"}


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """What a client says about a deletion."""

    grace_seconds: int | None = None
    uid: str | None = None
    resource_version: str | None = None
    propagation: str | None = None
    dry_run: bool = False

    @staticmethod
    def parse(body: Object, query: dict[str, str]) -> DeleteOptions:
        """From the body and, where that is silent, from the query. Raises StatusError 400."""
        if (kind := body.get("kind")) not in {None, "DeleteOptions"}:
            why = f'no kind "{kind}" is registered for version "{body.get("apiVersion")}"'
            raise StatusError(500, "InternalError", why)
        body = decode(body, "v1", "DeleteOptions")
        grace = body.get("gracePeriodSeconds")
        if grace is None and query.get("gracePeriodSeconds"):
            grace = query["gracePeriodSeconds"]
        propagation = body.get("propagationPolicy") or query.get("propagationPolicy")
        if body.get("orphanDependents") is not None:
            if propagation is not None:
                why = "orphanDependents and deletionPropagation cannot be both set"
                cause = bad("propagationPolicy", propagation, why)
                raise invalid("meta.k8s.io", "DeleteOptions", "", [cause])
            propagation = "Orphan" if body["orphanDependents"] else "Background"
        if propagation not in {None, "", "Background", *_FINALIZERS}:
            cause = unsupported("propagationPolicy", str(propagation), _POLICIES)
            raise invalid("meta.k8s.io", "DeleteOptions", "", [cause])
        preconditions = body.get("preconditions") or {}
        try:
            seconds = None if grace is None else int(grace)
        except (TypeError, ValueError):
            raise bad_request(f"gracePeriodSeconds {grace!r} is not a number") from None
        return DeleteOptions(
            seconds,
            preconditions.get("uid"),
            preconditions.get("resourceVersion"),
            propagation,
            asks_dry_run(body.get("dryRun") or query.get("dryRun")),
        )


def asks_dry_run(values: str | list[str] | None) -> bool:
    """Whether nothing is to be stored. Raises StatusError 400 for other values than All."""
    given = [values] if isinstance(values, str) else values or []
    if any(value != "All" for value in given):
        listed = " ".join(f'"{value}"' for value in given)
        why = f'Unsupported value: [{listed}]: supported values: "All"'
        cause = ("dryRun", "FieldValueNotSupported", why)
        raise invalid("meta.k8s.io", "DeleteOptions", "", [cause])
    return bool(values)


class Deletion:
    """Deletes objects, or marks them until their grace and finalizers are over.

    `gone(kind, object)` is called for each object that has left the store.
    """

    def __init__(self, store: ResourceStore, gone: Callable[[ResourceType, Object], None]) -> None:
        self._store = store
        self._gone = gone

    def delete(self, kind: ResourceType, name: Name, obj: Object, options: DeleteOptions) -> Object:
        """The object as it is afterwards. Raises StatusError 409 for a failed precondition."""
        self._check(kind, obj, options)
        if kind.type == ("", "namespaces") and name[1] in _IMMORTAL:
            raise forbidden("", "namespaces", name[1], "this namespace may not be deleted")
        if options.dry_run:
            return obj
        metadata = obj["metadata"]
        grace = self._grace(kind, obj, options)
        finalizers = list(metadata.get("finalizers") or [])
        propagation = options.propagation or _PROPAGATION.get(kind.type, "Background")
        extra = _FINALIZERS.get(propagation)
        if extra and extra not in finalizers:
            finalizers.append(extra)
        waits = bool(finalizers) or grace > 0 or bool((obj.get("spec") or {}).get("finalizers"))
        if not waits:
            return self._remove(kind, name)
        already = metadata.get("deletionGracePeriodSeconds")
        changed = {**metadata, **({"finalizers": finalizers} if finalizers else {})}
        if not metadata.get("deletionTimestamp") and metadata.get("generation"):
            changed["generation"] = metadata["generation"] + 1  # it is to be another from now on
        if not metadata.get("deletionTimestamp") or (already is not None and grace < already):
            changed |= {
                "deletionTimestamp": timestamp(timedelta(seconds=grace)),
                "deletionGracePeriodSeconds": grace,
            }
        if changed == metadata:
            return obj
        marked = {**obj, "metadata": changed}
        if kind.type == ("", "namespaces"):
            marked["status"] = {**(obj.get("status") or {}), "phase": "Terminating"}
        return self._store.put(kind.type, name, marked)

    def finish(self, kind: ResourceType, name: Name, obj: Object) -> Object:
        """Remove an object whose last reason to stay was taken away by an update."""
        metadata = obj["metadata"]
        if (
            metadata.get("deletionTimestamp")
            and not metadata.get("finalizers")
            and not metadata.get("deletionGracePeriodSeconds")
            and not (obj.get("spec") or {}).get("finalizers")
        ):
            return self._remove(kind, name)
        return obj

    def _remove(self, kind: ResourceType, name: Name) -> Object:
        gone = self._store.remove(kind.type, name)
        self._gone(kind, gone)
        return gone

    @staticmethod
    def _check(kind: ResourceType, obj: Object, options: DeleteOptions) -> None:
        metadata = obj["metadata"]
        for label, wanted, found, then in (
            ("UID", options.uid, metadata["uid"], "deleted and then recreated"),
            (
                "ResourceVersion",
                options.resource_version,
                metadata["resourceVersion"],
                "modified",
            ),
        ):
            if wanted is not None and wanted != found:
                why = (
                    f"the {label} in the precondition ({wanted}) does not match the {label} in "
                    f"record ({found}). The object might have been {then}"
                )
                raise conflict(kind.group, kind.kind, metadata["name"], why)

    @staticmethod
    def _grace(kind: ResourceType, obj: Object, options: DeleteOptions) -> int:
        """Seconds that the object may take to end: only pods that run somewhere have any."""
        if kind.type != ("", "pods") or not obj["spec"].get("nodeName"):
            return 0
        if (obj.get("status") or {}).get("phase") in _FINAL:
            return 0
        if options.grace_seconds is not None:
            return max(0, options.grace_seconds)
        seconds: int = obj["spec"].get("terminationGracePeriodSeconds", 30)
        return seconds
