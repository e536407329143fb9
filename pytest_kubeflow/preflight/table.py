"""The findings of a preflight as lines of text, a line a check, with the fixes under them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_kubeflow.cluster.checklist import Finding, State


def lines(findings: Sequence[Finding]) -> Iterator[tuple[Finding, str]]:
    """Each finding with its line."""
    widest = max((len(one.check) for one in findings), default=0)
    state = max(len(one.value) for one in State)
    for one in findings:
        message = one.message or ("" if one.state is State.OK else "-")
        yield one, f"{one.check:<{widest}}  {one.state.value:<{state}}  {message}".rstrip()


def fixes(findings: Sequence[Finding]) -> Iterator[str]:
    """What to apply for each finding that has a fix."""
    for one in findings:
        if one.fix:
            yield f"To mend {one.check}, an administrator applies (kubectl apply -f -):\n{one.fix}"
