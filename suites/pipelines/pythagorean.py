"""The pipeline `pythagorean`: the length of a right triangle's longest side, in four tasks."""

from kfp import dsl


@dsl.component(base_image="python:3.11")
def square(x: float) -> float:
    """Return the square of `x`."""
    return x * x


@dsl.component(base_image="python:3.11")
def add(x: float, y: float) -> float:
    """Return the sum of `x` and `y`."""
    return x + y


@dsl.component(base_image="python:3.11")
def square_root(x: float) -> float:
    """Return the square root of `x`."""
    return x**0.5


@dsl.pipeline(name="pythagorean")
def pythagorean(a: float, b: float) -> float:
    """Return the length of the hypotenuse over the sides `a` and `b`."""
    square_of_a = square(x=a)
    square_of_b = square(x=b)
    total = add(x=square_of_a.output, y=square_of_b.output)
    return square_root(x=total.output).output
