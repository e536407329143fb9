"""The source of functions, classes and modules that are sent to where they run."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Sequence
from typing import Any

from pytest_kubeflow.errors import ConfigurationError


def function_source(function: Callable[..., Any], where: str) -> str:
    """The source of a function of a file, which stands by itself; `where` it is sent: "a trial".

    Raises ConfigurationError for one that cannot be sent.
    """
    name = getattr(function, "__name__", repr(function))
    if name == "<lambda>" or not inspect.isfunction(function):
        raise ConfigurationError(
            f"{name} cannot be sent to {where}: give a function that begins with def"
        )
    if function.__closure__:
        raise ConfigurationError(
            f"the function {name} uses {', '.join(function.__code__.co_freevars)} of another one "
            f"around it, which {where} does not have: give it by a parameter or define it inside"
        )
    source = _source(function, name)
    if not source.startswith("def "):
        raise ConfigurationError(
            f"the function {name} has a decorator, or is async: give a plain one"
        )
    return source


def helper_source(thing: types.ModuleType | type | Callable[..., Any], where: str) -> str:
    """The source of what such a function uses: a module, a class or another function.

    Of a module it is all that it says, but for `from __future__`, which only a file may begin with.
    """
    if inspect.ismodule(thing):
        lines = _source(thing, thing.__name__).splitlines()
        return "\n".join(line for line in lines if not line.startswith("from __future__ "))
    if not inspect.isclass(thing):
        return function_source(thing, where)
    source = _source(thing, thing.__name__)
    if not source.startswith("class "):
        raise ConfigurationError(f"the class {thing.__name__} has a decorator: give a plain one")
    return source


def pip_arguments(packages: Sequence[str], index_urls: Sequence[str]) -> list[str]:
    """What Python is called with to install packages, from these indexes if there are any."""
    first, *more = index_urls or [""]
    options = ["--index-url", first] if first else []
    for url in more:
        options += ["--extra-index-url", url]
    return ["-m", "pip", "install", "--quiet", *options, *packages]


def _source(thing: types.ModuleType | Callable[..., Any], name: str) -> str:
    try:
        return _dedented(inspect.getsource(thing))
    except (OSError, TypeError) as error:
        raise ConfigurationError(
            f"the source of {name} cannot be read ({error}): give one of a file"
        ) from error


def _dedented(source: str) -> str:
    """What is defined inside of something else, as it would stand by itself.

    By the first line alone: a text of several lines in it may have some that begin at the margin.
    """
    first, _, _ = source.partition("\n")
    margin = first[: len(first) - len(first.lstrip())]
    return "".join(line.removeprefix(margin) for line in source.splitlines(keepends=True))
