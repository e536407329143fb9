"""Environment variables that look like ours and are not: most are misspelt."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

PREFIX = "KF_"
# Kubeflow Pipelines' own, and what Kubernetes makes of a Service whose name begins with "kf-".
_OTHERS = re.compile(
    r"KF_PIPELINES_.*|.*_SERVICE_HOST|.*_SERVICE_PORT(_.*)?|.*_PORT(_\d+_(TCP|UDP|SCTP)(_.*)?)?"
)


def unknown_variables(environment: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    """A line for each name in `environment` that begins like ours and is not in `known`."""
    ours = frozenset(known)
    for name in sorted(environment):
        if not name.startswith(PREFIX) or name in ours or _OTHERS.fullmatch(name):
            continue
        close = difflib.get_close_matches(name, ours, n=1, cutoff=0.7)
        hint = f"; did you mean {close[0]}?" if close else ""
        yield f"the environment variable {name} is not known, and ignored{hint}"
