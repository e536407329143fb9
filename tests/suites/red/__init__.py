"""Which check of the suites sees which fault of the embedded cluster: a table for each suite.

`CHECKS` has, by fault and check, what its report says then, as a regular expression.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module


def checks_of_all() -> dict[str, dict[str, str]]:
    """The tables of all suites as one."""
    found: dict[str, dict[str, str]] = {}
    for module in pkgutil.iter_modules(__path__):
        table: dict[str, dict[str, str]] = import_module(f"{__name__}.{module.name}").CHECKS
        for fault, checks in table.items():
            found.setdefault(fault, {}).update(checks)
    return found
