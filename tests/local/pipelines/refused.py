"""Pipelines with what the driver does not run yet, by the words in which it says so."""

from kfp import dsl

from tests.local.pipelines.programs import greet, shell


@dsl.container_component
def take(text: str) -> dsl.ContainerSpec:
    return shell("true", text)


@dsl.container_component
def read(data: dsl.Input[dsl.Dataset]) -> dsl.ContainerSpec:
    return shell("true", data.path)


@dsl.pipeline(name="loop")
def loop() -> None:
    with dsl.ParallelFor(["a", "b"]) as one:
        take(text=one)


@dsl.pipeline(name="condition")
def condition(text: str = "x") -> None:
    with dsl.If(text == "x"):
        greet()


@dsl.pipeline(name="exit-handler")
def exit_handler() -> None:
    with dsl.ExitHandler(take(text="end")):
        greet()


@dsl.pipeline(name="retries")
def retries() -> None:
    greet().set_retry(2)


@dsl.pipeline(name="importing")
def importing() -> None:
    imported = dsl.importer(artifact_uri="s3://bucket/key", artifact_class=dsl.Dataset)
    read(data=imported.output)


PIPELINES = {
    "ParallelFor loops": loop,
    "conditions and exit handlers": condition,
    "retries of tasks": retries,
    "importer components": importing,
}
