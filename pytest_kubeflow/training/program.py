"""What the nodes of a job run: a command, or a Python function whose source is sent along.

The function is called once on each node, and what it returns is printed as one line of JSON. It
stands by itself: it imports what it needs inside, and finds its rank in the environment.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.function_source import function_source, helper_source, pip_arguments

Helper = ModuleType | type | Callable[..., Any]
"""What the function of a job uses: its source is sent as well."""

_ON_TERM = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))"
"""The first process of a container is not ended by a signal that it does not handle: a job that is
suspended or deleted would keep its pods for the 30 s of their grace."""

_WHERE = "a node"
_LONGEST = 128 * 1024 - 1
"""Bytes of one argument of a program (MAX_ARG_STRLEN of Linux)."""


def function_program(
    function: Callable[..., Any],
    arguments: Mapping[str, Any],
    *,
    helpers: Sequence[Helper] = (),
    packages: Sequence[str] = (),
    index_urls: Sequence[str] = (),
) -> str:
    """The text of a program that calls `function` with these arguments, which JSON can write.

    `helpers` are modules, classes and functions that it uses, `packages` what pip installs before
    it begins.
    Raises ConfigurationError for what cannot be sent, or not be called so.
    """
    source = function_source(function, _WHERE)
    try:
        inspect.signature(function).bind(**arguments)
    except TypeError as error:
        raise ConfigurationError(
            f"{function.__name__}{inspect.signature(function)} cannot be called with "
            f"{', '.join(arguments) or 'nothing'}: {error}"
        ) from error
    try:
        given = json.dumps(dict(arguments))
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"the arguments of {function.__name__} cannot be sent as JSON: {error}"
        ) from error
    pasted = [helper_source(one, _WHERE) for one in helpers]
    program = "\n\n".join(
        [
            "from __future__ import annotations\nimport json, signal, sys",
            _ON_TERM,
            *_install(packages, index_urls),
            *(one.rstrip() for one in pasted),
            source.rstrip(),
            f"told = {function.__name__}(**json.loads({given!r}))",
            "if told is not None:\n    print(json.dumps(told), flush=True)",
            "",
        ]
    )
    if len(program.encode()) > _LONGEST:
        raise ConfigurationError(
            f"the program of {function.__name__} has {len(program.encode())} bytes, and a command "
            f"takes {_LONGEST}: give its data by a volume or an object store"
        )
    return program


def python_command(program: str, *, torchrun: bool = False) -> list[str]:
    """The command that runs a program: by Python, or by torchrun, once for each of its processes.

    Kubernetes puts variables where it finds `$(NAME)`, which is written `$$(NAME)`.
    """
    launcher = ["torchrun", "--no-python"] if torchrun else []
    return [*launcher, "python3", "-u", "-c", program.replace("$(", "$$(")]


def check_command(command: Sequence[str]) -> list[str]:
    """A command as a list of words. Raises ConfigurationError for another."""
    words = list(command)
    if not words or not all(isinstance(one, str) for one in words):
        raise ConfigurationError(
            f'a command is a list of words, such as ["python3", "train.py"], not {command!r}'
        )
    return words


def result_in(log: str) -> Any:
    """What the program has returned: the last line of its log that is JSON; None without one.

    A number or a text is taken from the very last line alone: programs print such by themselves.
    """
    for back, line in enumerate(reversed(log.splitlines())):
        if back == 0 or line.startswith(("{", "[")):
            try:
                return json.loads(line)
            except ValueError:
                continue
    return None


def _install(packages: Sequence[str], index_urls: Sequence[str]) -> list[str]:
    if not packages:
        return []
    command = pip_arguments(packages, index_urls)
    return [
        "import subprocess",
        f"if subprocess.call([sys.executable, *{command!r}]):\n"
        '    sys.exit("what the job needs is not installed")',
    ]
