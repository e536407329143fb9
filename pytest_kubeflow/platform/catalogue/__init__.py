"""The catalogue: every fault that is known, by its code."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from pytest_kubeflow.platform.catalogue import (
    applications,
    certificates,
    databases,
    definitions,
    images,
    login,
    mesh,
    nodes,
    pods,
    profiles,
    storage,
    versions,
    webhooks,
    workflows,
    workloads,
)
from pytest_kubeflow.platform.fault import CODE, Fault

_GROUPS = (
    pods.FAULTS,
    workloads.FAULTS,
    webhooks.FAULTS,
    certificates.FAULTS,
    mesh.FAULTS,
    login.FAULTS,
    storage.FAULTS,
    databases.FAULTS,
    nodes.FAULTS,
    profiles.FAULTS,
    images.FAULTS,
    versions.FAULTS,
    definitions.FAULTS,
    workflows.FAULTS,
    applications.FAULTS,
)

FAULTS: Mapping[str, Fault] = {
    fault.code: fault
    for fault in sorted((one for group in _GROUPS for one in group), key=lambda one: one.code)
}
"""All of them, in the order of their codes."""


def find_fault(asked: str) -> Fault:
    """The fault of this code or name. Raises LookupError, with the one that may be meant."""
    names = {fault.name: fault for fault in FAULTS.values()}
    known = {**FAULTS, **names}
    wanted = asked.strip()
    found = known.get(wanted.upper()) or known.get(wanted.lower())
    if found is not None:
        return found
    if CODE.fullmatch(wanted.upper()):
        raise LookupError(f"there is no fault {asked!r}; the codes are {', '.join(FAULTS)}")
    close = difflib.get_close_matches(wanted.lower(), [one.lower() for one in known], n=1)
    if not close:
        listed = ", ".join(FAULTS)
        raise LookupError(f"there is no fault {asked!r}; known: {listed}")
    meant = known.get(close[0].upper()) or known[close[0]]
    raise LookupError(f"there is no fault {asked!r}; did you mean {meant.code} ({meant.name})?")
