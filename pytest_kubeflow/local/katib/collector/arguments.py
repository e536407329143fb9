"""The arguments of a metrics collector, as Katib's webhook writes them.

Flags: kubeflow/katib v0.19.0, cmd/metricscollector/v1beta1.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from pytest_kubeflow.local.katib.collector.parsing import CollectError


@dataclass(frozen=True)
class Arguments:
    """`metrics` begins with the objective; `endpoint` is db-manager's `host:port`."""

    trial: str
    metrics: tuple[str, ...]
    maximize: bool
    endpoint: str
    path: str
    filters: tuple[str, ...]
    format: str
    stop_rules: tuple[str, ...]
    stopping_endpoint: str


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CollectError(message)


def parse(words: Sequence[str]) -> Arguments:
    """Read them. Raises CollectError."""
    parser = _Parser(add_help=False, allow_abbrev=False)
    for flag in ("-t", "-m", "-o-type", "-s-db", "-path", "-f", "-format", "-s-earlystop"):
        parser.add_argument(flag, default="", dest=flag.strip("-").replace("-", "_"))
    for flag in ("-w", "-p", "-timeout"):
        # How a process of the pod is looked for, which is not done here.
        parser.add_argument(flag, default="")
    parser.add_argument("-stop-rule", action="append", default=[], dest="stop_rules")
    found = parser.parse_args(_joined(words))
    return Arguments(
        trial=found.t,
        metrics=tuple(found.m.split(";")),
        maximize=found.o_type == "maximize",
        endpoint=found.s_db,
        path=found.path,
        filters=tuple(found.f.split(";")) if found.f else (),
        format=found.format,
        stop_rules=tuple(found.stop_rules),
        stopping_endpoint=found.s_earlystop,
    )


def _joined(words: Sequence[str]) -> list[str]:
    """Each flag with its value in one word: a value may look like a flag."""
    return [f"{flag}={value}" for flag, value in zip(words[::2], words[1::2], strict=False)]
