"""The table of both nodes, a row a pod, with what differs."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.pod_comparison.observation import Facts

_WIDTH = 160


def differences(real: Facts, ours: Facts) -> list[tuple[str, object, object]]:
    """What differs: its name, the value on the real node, the one on ours."""
    names = [*real, *(name for name in ours if name not in real)]
    return [
        (name, real.get(name), ours.get(name))
        for name in names
        if (real.get(name) or None) != (ours.get(name) or None)
    ]


def ended(facts: Facts) -> str:
    """How a pod ended, in one cell."""
    states = [
        f"{name.partition(':')[0]} {value}"
        for name, value in facts.items()
        if name.endswith(": state")
    ]
    restarts = sum(
        int(str(value)) for name, value in facts.items() if name.endswith(": restartCount")
    )
    words = [f"{facts.get('phase')} {facts.get('reason') or ''}".strip(), *states]
    if restarts:
        words.append(f"{restarts} restarts" if restarts > 1 else "1 restart")
    return "; ".join(words)


def text_of(rows: Iterable[tuple[str, Facts, Facts]]) -> str:
    """For a terminal: each pod, and below it what differs, in full."""
    lines, same, all_of_them = [], 0, 0
    for name, real, ours in rows:
        found = differences(real, ours)
        all_of_them += 1
        same += not found
        lines.append(f"{'!=' if found else '  '} {name:24} {ended(real)}")
        for fact, one, other in found:
            lines += [f"       {fact}", f"         real: {one}", f"         ours: {other}"]
    lines.append(f"{same} of {all_of_them} pods are the same")
    return "\n".join(lines)


def markdown(rows: Iterable[tuple[str, Facts, Facts]]) -> str:
    """For the documentation: pod, end on the real node, end on ours, what else differs."""
    lines = ["| pod | real kubelet | embedded kubelet | differs in |", "|---|---|---|---|"]
    for name, real, ours in rows:
        found = differences(real, ours)
        one, other = ended(real), ended(ours)
        names = "; ".join(_cell(fact) for fact, _, _ in found)
        lines.append(
            f"| {name} | {_cell(one)} | {'same' if one == other else _cell(other)} | {names} |"
        )
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    return text[:_WIDTH].replace("|", "\\|")
