"""The pipelines that these tests run and schedule."""

from kfp import dsl


@dsl.component(base_image="python:3.11")
def say(text: str) -> str:
    """Print `text`, and return it."""
    print(f"said: {text}")  # noqa: T201
    return text


@dsl.component(base_image="python:3.11")
def say_after(text: str, seconds: float) -> str:
    """Wait, and return `text`."""
    import time

    print(f"waits for {seconds} s", flush=True)  # noqa: T201  the log is part of a test
    time.sleep(seconds)
    return text


@dsl.component(base_image="python:3.11")
def draw() -> float:
    """Return a number that no other call returns."""
    import random

    return random.random()  # noqa: S311


@dsl.component(base_image="python:3.11")
def at_second_attempt(number: float) -> float:
    """Fail the first time, and remember that on the volume; then return `number`."""
    import pathlib

    mark = pathlib.Path("/data/attempted.txt")
    attempts = int(mark.read_text()) + 1
    mark.write_text(str(attempts))
    if attempts == 1:
        raise RuntimeError("the first attempt fails")
    return number


@dsl.component(base_image="python:3.11")
def written(text: str, note: dsl.Output[dsl.Artifact]) -> None:
    """Write `text` into an artifact, and print it."""
    with open(note.path, "w") as file:
        file.write(text)
    print(f"wrote: {text}")  # noqa: T201


@dsl.pipeline(name="saying")
def saying(text: str) -> str:
    """Return `text`."""
    return say(text=text).output


@dsl.pipeline(name="saying-twice")
def saying_twice(text: str) -> str:
    """Return `text` by way of two tasks: another version of `saying`."""
    return say(text=say(text=text).output).output


@dsl.pipeline(name="saying-late")
def saying_late(text: str, seconds: float) -> str:
    """Return `text` after so many seconds."""
    return say_after(text=text, seconds=seconds).output


@dsl.pipeline(name="waiting")
def waiting(seconds: float) -> str:
    """A task that takes long, and one after it."""
    first = say_after(text="first", seconds=seconds)
    return say(text=first.output).output


@dsl.pipeline(name="writing")
def writing(text: str) -> None:
    """One task with an artifact."""
    written(text=text)
