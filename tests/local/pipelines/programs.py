"""Container components and pipelines that the tests run; they start fast and use no SDK inside.

Without `annotations` of the future: KFP needs the types themselves.
"""

from kfp import dsl


def shell(script: str, *args: object) -> dsl.ContainerSpec:
    """A container that runs a script; `args` are its `$1` and so on."""
    return dsl.ContainerSpec(image="busybox", command=["sh", "-ec", script, "sh"], args=list(args))


@dsl.container_component
def greet() -> dsl.ContainerSpec:
    return shell("echo hello")


@dsl.pipeline(name="greeting")
def greeting() -> None:
    greet()


@dsl.container_component
def wait_for_ever() -> dsl.ContainerSpec:
    return shell("echo waiting; while :; do sleep 60; done")


@dsl.pipeline(name="endless")
def endless() -> None:
    """One task that ends, then two that never do."""
    first = greet()
    wait_for_ever().after(first).set_display_name("one")
    wait_for_ever().after(first).set_display_name("two")


@dsl.container_component
def stamp(label: str, out: dsl.OutputPath(str)) -> dsl.ContainerSpec:  # type: ignore[valid-type]
    """A value that no second execution gives again."""
    return shell('printf "%s %s" "$1" "$(cat /proc/sys/kernel/random/uuid)" > "$2"', label, out)


@dsl.container_component
def join(a: str, b: str, out: dsl.OutputPath(str)) -> dsl.ContainerSpec:  # type: ignore[valid-type]
    return shell('printf "%s+%s" "$1" "$2" > "$3"', a, b, out)


@dsl.pipeline(name="innermost")
def innermost(x: str, y: str = "default") -> str:
    return join(a=x, b=y).outputs["out"]


@dsl.pipeline(name="middle")
def middle(x: str) -> str:
    one = innermost(x=x)
    return innermost(x=one.output, y="given").output


@dsl.pipeline(name="nested")
def nested(x: str) -> str:
    """Outputs come up through two levels, and go down again."""
    return join(a=middle(x=x).output, b=x).outputs["out"]
