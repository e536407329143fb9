"""Option, a row of the table of options, and Setting, a value with its origin."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.config.parsers import Parser

DEFAULT, INI, TARGET, ENVIRONMENT, COMMAND_LINE = range(5)
"""Ranks of where values come from."""


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be configured. Its spellings follow from its `name`.

    `field` is the attribute of KubeflowConfig that it becomes, such as "gateway.host".
    A flag takes no value on the command line. A repeatable one collects its values.
    One that `splits` takes one value, and with several there is a session for each.
    A hidden one has neither a command-line option nor an ini key: the places for secrets.
    """

    name: str
    field: str
    parser: Parser
    help: str
    default: object = None
    metavar: str = "TEXT"
    flag: bool = False
    repeatable: bool = False
    splits: bool = False
    hidden: bool = False
    secret: bool = False

    @property
    def option(self) -> str | None:
        """As on the command line: --kf-storage-class."""
        return None if self.hidden else f"--kf-{self.name.replace('_', '-')}"

    @property
    def ini(self) -> str | None:
        """As in pytest's ini file: kf_storage_class."""
        return None if self.hidden else f"kf_{self.name}"

    @property
    def env(self) -> str:
        """As an environment variable: KF_STORAGE_CLASS."""
        return f"KF_{self.name.upper()}"

    @property
    def spelling(self) -> str:
        """The name by which messages call it."""
        return self.option or self.env


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and where it came from; a higher `rank` overrides a lower one."""

    value: object
    origin: str
    rank: int = DEFAULT

    @property
    def weight(self) -> int:
        """Its rank against settings of other names.

        The environment and the command line weigh the same: secrets come by the one alone.
        """
        return min(self.rank, ENVIRONMENT)
