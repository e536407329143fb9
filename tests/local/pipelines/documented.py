"""Pipelines of what the SDK documents and the backend does not do.

Without `annotations` of the future: KFP needs the types themselves.
"""

from kfp import dsl

from tests.local.pipelines.flows import write
from tests.local.pipelines.programs import shell

SHOW = 'for one; do printf "<%s>" "$one"; done'


@dsl.container_component
def concat(text: str) -> dsl.ContainerSpec:
    return shell(SHOW, dsl.ConcatPlaceholder(["a=", text]))


@dsl.pipeline(name="concatenated")
def concatenated() -> None:
    concat(text="x").set_display_name("show")


@dsl.container_component
def defaulting(text: str = "default") -> dsl.ContainerSpec:
    return shell(SHOW, text)


@dsl.pipeline(name="by-default")
def by_default() -> None:
    defaulting().set_display_name("show")


@dsl.container_component
def nesting(text: str) -> dsl.ContainerSpec:
    inner = dsl.ConcatPlaceholder(["a=", text])
    return shell(SHOW, dsl.IfPresentPlaceholder("text", then=[inner], else_=["none"]))


@dsl.pipeline(name="nested-clause")
def nested_clause() -> None:
    nesting(text="x").set_display_name("show")


@dsl.container_component
def with_artifact(data: dsl.Input[dsl.Dataset]) -> dsl.ContainerSpec:
    chosen = dsl.IfPresentPlaceholder("data", then=["given"], else_=["absent"])
    return shell(SHOW, chosen, data.uri)


@dsl.pipeline(name="if-artifact")
def if_artifact() -> None:
    with_artifact(data=write(text="x").outputs["data"]).set_display_name("show")


@dsl.container_component
def describe(data: dsl.Input[dsl.Dataset]) -> dsl.ContainerSpec:
    return shell(SHOW, data.metadata)


@dsl.pipeline(name="of-metadata")
def of_metadata() -> None:
    describe(data=write(text="x").outputs["data"]).set_display_name("show")


@dsl.container_component
def forget() -> dsl.ContainerSpec:
    return shell("while :; do sleep 1; done & echo component ends")


@dsl.pipeline(name="forgetful")
def forgetful() -> None:
    forget()
