"""The pipelines that are left, and run again after the upgrade."""

from kfp import dsl


@dsl.component(base_image="python:3.11")
def joined(words: list, note: dsl.Output[dsl.Artifact]) -> str:  # type: ignore[type-arg]
    """Join words, write that into an artifact, and return it."""
    text = " ".join(words)
    with open(note.path, "w") as file:
        file.write(text)
    print(f"joined: {text}")  # noqa: T201
    return text


@dsl.pipeline(name="kept-over-upgrade")
def joining(words: list) -> str:  # type: ignore[type-arg]
    """One task with an artifact."""
    return joined(words=words).outputs["Output"]


@dsl.pipeline(name="kept-over-upgrade")
def joining_twice(words: list) -> str:  # type: ignore[type-arg]
    """The second version: two tasks."""
    first = joined(words=words)
    return joined(words=[first.outputs["Output"], "again"]).outputs["Output"]
