"""Verification: a run is what the cluster says that it ran, and that is what was submitted."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.pipelines.accounting import Accounting
from pytest_kubeflow.pipelines.packages.package import Package
from pytest_kubeflow.pipelines.packages.spec_difference import argument_difference, spec_difference
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.pipelines.tasks.task import Task

_SHOWN = 4


@dataclass(frozen=True)
class Submitted:
    """What the API was asked to run. `version`: the ids of an uploaded pipeline and its version."""

    package: Package
    arguments: Mapping[str, Any] = field(default_factory=dict)
    version: tuple[str, str] | None = None


@dataclass(frozen=True)
class Reading:
    """The tasks of a run as one source tells them; `complete` if it knows every one."""

    tasks: Sequence[Task]
    complete: bool


def ran_package(view: RunView, submitted: Submitted | None) -> Package | None:
    """The pipeline that the API says was run; else the submitted one."""
    spec = view.pipeline_spec
    if spec:
        found = Package.of_api(spec)
        if isinstance(found.pipeline_spec, Mapping) and isinstance(found.root, Mapping):
            return found
    return submitted.package if submitted else None


def other_run(
    submitted: Submitted, view: RunView, version_package: Callable[[str, str], Package]
) -> str:
    """How what the API tells differs from what was submitted; empty if it does not."""
    if submitted.version is not None:
        if view.version is not None and view.version[1] != submitted.version[1]:
            return f"it ran version {view.version[1]}, not {submitted.version[1]}"
        with contextlib.suppress(KubeflowError):  # it may have been removed meanwhile
            if message := spec_difference(submitted.package, version_package(*submitted.version)):
                return f"version {submitted.version[1]} is not what was uploaded: {message}"
    elif view.version is not None:
        return f"it ran version {view.version[1]} of an uploaded pipeline, not the package"
    if view.pipeline_spec and (
        message := spec_difference(submitted.package, Package.of_api(view.pipeline_spec))
    ):
        return message
    if view.arguments is not None:
        return argument_difference(submitted.arguments, view.arguments)
    return ""


def unaccounted(
    package: Package, view: RunView, arguments: Mapping[str, Any], read: Callable[[], Reading]
) -> str:
    """What contradicts the run's end; empty if nothing does."""
    try:
        reading = read()
    except KubeflowError:
        reading = Reading((), complete=False)  # nobody tells the tasks: no contradiction
    accounting = Accounting(package, arguments, reading.tasks, reading.complete)
    found = accounting.of_any_end()
    if view.state == "SUCCEEDED":
        found += accounting.of_success()
        # What is told already is not told again in the API's words.
        known = " ".join(found)
        found += [one for one in accounting.failed_in_api(view.details) if one not in known]
    more = f"; {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return "; ".join(found[:_SHOWN]) + more
