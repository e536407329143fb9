"""What a real API server refuses, ours refuses: the same status, the same words."""

from __future__ import annotations

from tests.local.apiserver.conftest import Served
from tests.local.apiserver.refusals import OTHER_WORDS, outcome, recorded


def test_they_are_those_of_a_real_server(served: Served) -> None:
    theirs, own = recorded(), outcome(served.kubeconfig)
    assert list(theirs) == list(own)
    differences = [
        f"{name}: Kubernetes has {theirs[name]}, the embedded server {own[name]}"
        for name in theirs
        if theirs[name][0] != own[name][0]
        or (theirs[name] != own[name] and name not in OTHER_WORDS)
    ]
    assert not differences, "\n".join(differences)
    # What is no difference any more does not belong in the list.
    assert [name for name in OTHER_WORDS if theirs[name] == own[name]] == []
