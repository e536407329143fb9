"""A RunPlan as text: what would be submitted, with what it asks of the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_kubeflow.k8s.volumes.volume import SeededVolume
from pytest_kubeflow.objectstore.bucket import ScratchBucket
from pytest_kubeflow.scheduling.plan import PlannedRun, RunPlan

_LONGEST = 120


def plan_text(plan: RunPlan) -> Iterator[str]:
    """Lines for people: a block a run, and a sum at the end."""
    for run in plan:
        yield from _block(run)
    good = len(plan) - len(plan.refused)
    message = f", {len(plan.refused)} cannot be submitted" if plan.refused else ""
    yield f"{good} {'run' if good == 1 else 'runs'} would be submitted{message}"


def _block(run: PlannedRun) -> Iterator[str]:
    yield f"{', '.join(run.tests)}"
    if run.error is not None or run.prepared is None:
        yield f"  ERROR: {run.error}"
        return
    prepared = run.prepared
    yield f"  pipeline   {prepared.package.name}"
    for name, value in prepared.arguments.items():
        yield f"  argument   {name} = {_shown(value)}"
    executors = prepared.package.pipeline_spec.get("deploymentSpec", {}).get("executors", {})
    containers = [one["container"] for one in executors.values() if "container" in one]
    for image in sorted({str(one.get("image")) for one in containers}):
        yield f"  image      {image}"
    for value in prepared.resources.values():
        if isinstance(value, SeededVolume):
            size = value.size or "--kf-volume-size"
            yield f"  volume     {size}, {len(value.files)} files, {value.access_mode}"
        else:
            yield f"  bucket     {len(value.objects)} objects"
    for label, container in _asking(executors):
        yield f"  task       {label}: {container}"


def _asking(executors: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Executors that ask for CPU, memory or accelerators, and for what."""
    for name, executor in executors.items():
        given = executor.get("container", {}).get("resources", {})
        wanted = {
            "CPU": given.get("resourceCpuRequest") or given.get("cpuRequest"),
            "CPU limit": given.get("resourceCpuLimit") or given.get("cpuLimit"),
            "memory": given.get("resourceMemoryRequest") or given.get("memoryRequest"),
            "memory limit": given.get("resourceMemoryLimit") or given.get("memoryLimit"),
        }
        parts = [f"{what} {amount}" for what, amount in wanted.items() if amount]
        accelerator = given.get("accelerator") or {}
        kind = accelerator.get("resourceType") or accelerator.get("type")
        if kind:
            count = accelerator.get("resourceCount") or accelerator.get("count")
            parts.append(f"{count} x {kind}")
        if parts:
            yield name.removeprefix("exec-"), ", ".join(parts)


def _shown(value: object) -> str:
    if isinstance(value, SeededVolume):
        return "a volume"
    if isinstance(value, ScratchBucket):
        return "a bucket"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
