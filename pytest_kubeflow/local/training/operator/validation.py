"""What the operator's webhooks refuse of jobs of any kind.

Rules and words: kubeflow/training-operator v1.9.2, pkg/webhooks and pkg/common/util/webhooks.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training import goerrors

JobErrors = Callable[[Object | None, Object], Iterator[str]]
"""What is wrong with a job, given what it was before, if it was there."""

_MANAGERS = (
    "kubeflow.org/training-operator",
    "kueue.x-k8s.io/multikueue",
)
_MANAGER = "spec.runPolicy.managedBy"


def job_errors(job: Object) -> Iterator[str]:
    """What is wrong with the name of a job, and with who is to look after it."""
    name = job["metadata"].get("name", "")
    if errors := list(goerrors.dns_1035_label(name)):
        yield goerrors.invalid("metadata.name", name, f"should match: {','.join(errors)}")
    manager = _manager(job)
    if manager is not None and manager not in _MANAGERS:
        shown = ", ".join(f'"{one}"' for one in _MANAGERS)
        yield f'{_MANAGER}: Unsupported value: "{manager}": supported values: {shown}'


def manager_errors(before: Object | None, job: Object) -> Iterator[str]:
    """Whether somebody else is to look after it now."""
    if before is not None and (manager := _manager(job)) != _manager(before):
        yield goerrors.invalid(_MANAGER, manager, "field is immutable")


def _manager(job: Object) -> str | None:
    manager: str | None = ((job.get("spec") or {}).get("runPolicy") or {}).get("managedBy")
    return manager


def container_errors(path: str, replica: Object, name: str) -> Iterator[str]:
    """What is wrong with the containers of a replica at `path`, one of which has to have a name."""
    below = f"{path}.template.spec.containers"
    containers = ((replica.get("template") or {}).get("spec") or {}).get("containers") or []
    if not containers:
        yield f"{below}: Required value: must be specified"
    for at, one in enumerate(containers):
        if not one.get("image"):
            yield f"{below}[{at}].image: Required value: must be required"
    if not any(one.get("name") == name for one in containers):
        yield f"{below}: Required value: must have at least one container with name {name}"
