"""The pipeline of a load: as little work as there can be, so that it is the platform's time."""

from kfp import dsl


@dsl.component(base_image="python:3.11")
def double(number: int) -> int:
    """Return twice the number."""
    return 2 * number


@dsl.pipeline(name="doubling")
def doubling(number: int) -> int:
    """One task."""
    return double(number=number).output
