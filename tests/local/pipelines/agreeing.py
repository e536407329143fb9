"""A pipeline with all that Argo has names of its own for, of components that tell their outputs.

Without `annotations` of the future: KFP needs the types themselves.
"""

from typing import NamedTuple

from kfp import dsl

IMAGE = "python:3.11-slim"


@dsl.component(base_image=IMAGE)
def number(x: int) -> int:
    return x


@dsl.component(base_image=IMAGE)
def half(x: int) -> float:
    return x / 2


@dsl.component(base_image=IMAGE)
def several(x: int) -> NamedTuple("Out", a=int, b=float, c=dict, d=list):  # type: ignore[valid-type]
    return (x, 2.0, {"x": x, "y": [1, 2.5, None]}, [x, "text", True])


@dsl.component(base_image=IMAGE)
def second_time() -> str:
    import os
    import sys

    if os.environ["KFP_RETRY_INDEX"] == "0":
        sys.exit("not the first time")
    return "mended"


@dsl.component(base_image=IMAGE)
def breaks() -> str:
    raise ValueError("broken for good")


@dsl.container_component
def by_file(out: dsl.OutputPath(str)) -> dsl.ContainerSpec:  # type: ignore[valid-type]
    return dsl.ContainerSpec(image="busybox", command=["sh", "-c", 'printf 7 > "$0"'], args=[out])


@dsl.pipeline(name="inside")
def inside(x: int) -> float:
    return half(x=x).output


@dsl.pipeline(name="agreeing")
def agreeing(x: int = 3) -> float:
    one = number(x=x)
    nested = inside(x=one.output)
    with dsl.ExitHandler(number(x=99), name="guard"):
        second_time().set_retry(2)
        with dsl.ParallelFor([1, 2]) as outer:
            several(x=outer)
            with dsl.ParallelFor([5, 6]) as inner:
                half(x=inner)
        with dsl.If(one.output == 3):
            number(x=1).set_display_name("taken")
        with dsl.Else():
            number(x=2)
        with dsl.If(one.output == 4):
            inside(x=one.output)
    return nested.output


@dsl.pipeline(name="disagreeing")
def disagreeing() -> None:
    with dsl.ExitHandler(number(x=99), name="guard"):
        with dsl.ParallelFor([1, 2]) as item:
            number(x=item)
        breaks()
    by_file()
