"""Known: a refusal that somebody has met before, and what it means."""

from __future__ import annotations

from typing import NamedTuple

from pytest_kubeflow.errors import KubeflowError


class Known(NamedTuple):
    """One of them. `words` is a regular expression; `path` begins the paths where it is said.

    In `sentence`, {part} is what stands behind the path, {pods} the command that lists its pods.
    """

    status: int
    words: str
    kind: type[KubeflowError]
    sentence: str
    path: str = ""
