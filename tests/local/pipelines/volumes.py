"""Pipelines whose tasks share a volume: to meet on it, or to wait for what is put there."""

from typing import Any

from kfp import dsl, kubernetes

from tests.local.pipelines.member import Member, name
from tests.local.pipelines.programs import join, shell, stamp

GATE = "/data/gate"


@dsl.container_component
def need_file(path: str) -> dsl.ContainerSpec:
    return shell('test -e "$1" || { echo "there is no $1" >&2; exit 3; }', path)


@dsl.container_component
def touch(path: str) -> dsl.ContainerSpec:
    return shell('touch "$1"', path)


@dsl.container_component
def meet(me: str, others: int) -> dsl.ContainerSpec:
    """Leave a file on the volume, and end when all have, within 10 s."""
    return shell(
        'touch "/data/$1"; n=0; until [ "$(ls /data | wc -l)" -ge "$2" ]; do '
        "n=$((n+1)); test $n -lt 200; sleep 0.05; done",
        me,
        others,
    )


def on_volume(task: dsl.PipelineTask, pvc: Any) -> dsl.PipelineTask:
    """`task`, with the claim `pvc` at /data."""
    return kubernetes.mount_pvc(task, pvc_name=pvc, mount_path="/data")


@dsl.pipeline(name="fragile")
def fragile(pvc: str) -> None:
    """A task that succeeds, one that fails until the gate is open, and one after both."""
    first = stamp(label="first")
    second = on_volume(need_file(path=GATE), pvc).after(first)
    join(a=first.outputs["out"], b="end").after(second)


@dsl.pipeline(name="halves")
def halves(pvc: str) -> str:
    made = stamp(label="inside")
    checked = on_volume(need_file(path=GATE), pvc).after(made)
    return join(a=made.outputs["out"], b="x").after(checked).outputs["out"]


@dsl.pipeline(name="fragile-inside")
def fragile_inside(pvc: str) -> str:
    """The same in a nested pipeline, whose output is used outside."""
    return join(a=halves(pvc=pvc).output, b="outside").outputs["out"]


@dsl.pipeline(name="fragile-loop")
def fragile_loop(pvc: str) -> None:
    """Of two iterations, one fails until the gate is open; a task that would follow failures."""
    with dsl.ParallelFor(["good", "bad"]) as one:
        made = stamp(label=one)
        with dsl.If(one == "bad"):
            on_volume(need_file(path=GATE), pvc).after(made)
    stamp(label="end").after(made).ignore_upstream_failure()


@dsl.pipeline(name="opening")
def opening(pvc: str) -> None:
    on_volume(touch(path=GATE), pvc)


@dsl.pipeline(name="four-at-once")
def four_at_once(pvc: str) -> None:
    """Four tasks that end only if all of them run at the same time."""
    for me in ("a", "b", "c", "d"):
        on_volume(meet(me=me, others=4), pvc)


def claim(member: Member) -> str:
    """A new claim's name."""
    called = name("v")
    resources = {"requests": {"storage": "1Mi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": resources}
    body = {"metadata": {"name": called}, "spec": spec}
    member.core.create_namespaced_persistent_volume_claim(member.namespace, body)
    return called


def open_gate(member: Member, pvc: str) -> None:
    """Make the file that the fragile pipelines wait for."""
    member.succeed(opening, pvc=pvc)
