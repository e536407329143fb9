"""Pipelines to be declared, compiled once and never run.

Without `annotations` of the future: KFP needs the types themselves.
"""

from kfp import dsl


@dsl.container_component
def say(text: str, times: int) -> dsl.ContainerSpec:
    """One container."""
    return dsl.ContainerSpec(
        image="busybox", command=["sh", "-c"], args=["echo $0 $1", text, times]
    )


@dsl.pipeline(name="saying")
def saying(text: str, times: int = 1) -> None:
    """A parameter that is wanted, and one with a default."""
    say(text=text, times=times)


@dsl.pipeline(name="silent")
def silent() -> None:
    """None at all."""
    say(text="", times=0).set_cpu_request("100m").set_memory_limit("64Mi")


@dsl.pipeline(name="on-a-volume")
def on_a_volume(pvc_name: str, bucket: str) -> None:
    """Takes what is made for it."""
    say(text=pvc_name, times=1).set_accelerator_type("nvidia.com/gpu").set_accelerator_limit(2)
    say(text=bucket, times=1)


@dsl.container_component
def rest(seconds: str) -> dsl.ContainerSpec:
    """A task of so many seconds; of what is no number of them, one that fails."""
    return dsl.ContainerSpec(image="busybox", command=["sleep"], args=[seconds])


@dsl.pipeline(name="resting")
def resting(seconds: str = "0") -> None:
    """A single task."""
    rest(seconds=seconds)
