"""What a trial runs: a command of the user's, or a Python function whose source is sent along.

Katib puts a trial's values into the text of its template, joins command and arguments by blanks,
and has a shell read that line again, with the output going to its collector
(katib pkg/webhook/v1beta1/pod/inject_webhook.go, utils.go). A command that begins with `sh -c` is
left as it is, so that is what a function becomes: its file by a here-document, then one line.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.function_source import function_source, pip_arguments
from pytest_kubeflow.katib.search_space import CategoricalParameter, SearchParameter

PLACEHOLDER = re.compile(r"\$\{trialParameters\.(.+?)\}")
"""A place for a value in a template (consts.TrialTemplateParamReplaceFormatRegex)."""

_WORD = re.compile(r"[A-Za-z0-9_.,:/@%+=-]*", re.ASCII)
_END = "END_OF_TRIAL"
_WAIT = """
import os, sys, time

def wait_for_collector():
    # Katib fails a trial that has ended before its collector looks for it: "unable to find main
    # pid from the process list" (katib#2181). They share their processes, so it can be seen.
    own = {1, os.getpid(), os.getppid()}
    ends = time.monotonic() + 20
    while os.getppid() != 1 and time.monotonic() < ends:
        if {int(one) for one in os.listdir("/proc") if one.isdigit()} - own:
            time.sleep(2)  # a busy node starts it, and gives it no time to look
            return
        time.sleep(0.1)
"""
_READERS = {"double": "float", "int": "int", "categorical": "str", "discrete": "float"}


def argument_name(parameter: str) -> str:
    """The name by which a function takes a parameter: num-layers is num_layers."""
    return parameter.replace("-", "_").replace(".", "_")


def function_command(
    function: Callable[..., Any],
    space: Mapping[str, SearchParameter],
    *,
    packages: Sequence[str] = (),
    index_urls: Sequence[str] = (),
) -> list[str]:
    """The command of a trial that calls `function` with its parameters, each of its own type.

    What it returns, numbers by the names of metrics, is printed as Katib's collector reads it:
    `name=value`. It may print such lines itself, and return None. `packages` are installed before,
    from `index_urls` if there are any. The function has to stand by itself: it imports what it
    needs inside. Raises ConfigurationError for one that cannot be sent.
    """
    source = _source(function)
    names = [argument_name(name) for name in space]
    _check_signature(function, names)
    for name, parameter in space.items():
        _check_words(name, parameter)
    readers = {
        argument: _READERS[parameter.type_name]
        for argument, parameter in zip(names, space.values(), strict=True)
    }
    program = "\n".join(
        [
            source.rstrip(),
            "",
            _WAIT,
            *_install(packages, index_urls),
            f"values = dict(zip({names!r}, sys.argv[1:]))",
            "given = {",
            *(f"    {name!r}: {reader}(values[{name!r}])," for name, reader in readers.items()),
            "}",
            "try:",
            f"    for name, value in ({function.__name__}(**given) or {{}}).items():",
            '        print(f"{name}={value}", flush=True)',
            "finally:",
            "    wait_for_collector()",
        ]
    )
    if f"\n{_END}\n" in f"\n{program}\n":
        raise ConfigurationError(f"a line of {function.__name__} is {_END}, which ends its text")
    values = " ".join(f"'${{trialParameters.{name}}}'" for name in space)
    lines = [
        'file="$(mktemp -d)/trial.py"',
        f"cat > \"$file\" <<'{_END}'",
        program,
        _END,
        f'python3 -u "$file" {values}',
    ]
    return ["sh", "-c", _escaped("\n".join(lines))]


def check_command(command: Sequence[str], space: Mapping[str, SearchParameter]) -> list[str]:
    """A command that has a place for each parameter. Raises ConfigurationError for another."""
    if isinstance(command, str) or not command:
        raise ConfigurationError(
            "the command of a trial is a list of words, such as "
            f'["python3", "train.py", "--lr=${{trialParameters.lr}}"], not {command!r}'
        )
    used = set(PLACEHOLDER.findall(" ".join(command)))
    if unknown := used - set(space):
        raise ConfigurationError(
            f"the command of a trial has places for {', '.join(sorted(unknown))}, which the search "
            f"space lacks; it has: {', '.join(space)}"
        )
    if unused := [name for name in space if name not in used]:
        raise ConfigurationError(
            f"the command of a trial has no place for {', '.join(unused)}: write "
            f"${{trialParameters.{unused[0]}}} where the value belongs"
        )
    return list(command)


def _source(function: Callable[..., Any]) -> str:
    source = function_source(function, "a trial")
    if (found := PLACEHOLDER.search(source)) is not None:
        raise ConfigurationError(
            f"the source of {function.__name__} contains {found[0]}, which Katib replaces by a "
            "value"
        )
    return source


def _check_signature(function: Callable[..., Any], names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        raise ConfigurationError(f"two parameters would be one argument: {', '.join(names)}")
    for name in names:
        if not name.isidentifier():
            raise ConfigurationError(f"{name!r} cannot be the name of an argument in Python")
    try:
        inspect.signature(function).bind(**dict.fromkeys(names))
    except TypeError as error:
        raise ConfigurationError(
            f"{function.__name__}{inspect.signature(function)} cannot be called with "
            f"{', '.join(names)}: {error}"
        ) from error


def _check_words(name: str, parameter: SearchParameter) -> None:
    if not isinstance(parameter, CategoricalParameter):
        return
    for value in parameter.values:
        if not _WORD.fullmatch(value):
            raise ConfigurationError(
                f"the value {value!r} of {name} would be read by a shell: letters, digits and "
                "_.,:/@%+=- are safe"
            )


def _install(packages: Sequence[str], index_urls: Sequence[str]) -> list[str]:
    """Inside of the program: what pip says is in its log, and the collector has one to read."""
    if not packages:
        return []
    command = pip_arguments(packages, index_urls)
    return [
        "import subprocess",
        f"if subprocess.call([sys.executable, *{command!r}]):",
        "    wait_for_collector()",
        '    sys.exit("what the trial needs is not installed")',
    ]


def _escaped(text: str) -> str:
    """So that Kubernetes leaves `$(...)` to the shell instead of putting variables there."""
    return text.replace("$(", "$$(")
