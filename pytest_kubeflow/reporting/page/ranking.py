"""In which order the nodes of a graph follow each other: without circles, by layers."""

from __future__ import annotations

from collections.abc import Iterable

Edge = tuple[int, int]
"""From a node to a node, as their numbers."""


def acyclic(nodes: int, edges: Iterable[Edge]) -> list[Edge]:
    """The edges without loops, doubles, and those that close a circle."""
    ahead: list[list[int]] = [[] for _ in range(nodes)]
    for start, end in dict.fromkeys(edges):
        if start != end:
            ahead[start].append(end)
    kept: list[Edge] = []
    state = [0] * nodes  # 1: on the way, 2: done
    for root in range(nodes):
        way = [(root, iter(ahead[root]))] if not state[root] else []
        state[root] = state[root] or 1
        while way:
            node, rest = way[-1]
            for end in rest:
                if state[end] == 1:
                    continue
                kept.append((node, end))
                if not state[end]:
                    state[end] = 1
                    way.append((end, iter(ahead[end])))
                    break
            else:
                state[node] = 2
                way.pop()
    return kept


def _sorted(nodes: int, edges: Iterable[Edge]) -> list[int]:
    """The nodes, each after those that lead to it."""
    ahead: list[list[int]] = [[] for _ in range(nodes)]
    waits = [0] * nodes
    for start, end in edges:
        ahead[start].append(end)
        waits[end] += 1
    free = [node for node in range(nodes) if not waits[node]]
    for node in free:
        for end in ahead[node]:
            waits[end] -= 1
            if not waits[end]:
                free.append(end)
    return free


def reduced(nodes: int, edges: list[Edge]) -> list[Edge]:
    """The edges that do not follow from a longer way."""
    ahead: list[list[int]] = [[] for _ in range(nodes)]
    for start, end in edges:
        ahead[start].append(end)
    reach = [0] * nodes  # as bits
    for node in reversed(_sorted(nodes, edges)):
        for end in ahead[node]:
            reach[node] |= reach[end] | 1 << end
    return [
        (start, end)
        for start, end in edges
        if not any(reach[other] >> end & 1 for other in ahead[start] if other != end)
    ]


def ranks(nodes: int, edges: list[Edge]) -> list[int]:
    """The layer of each node: behind all that lead to it, and no earlier than need be."""
    found = [0] * nodes
    ordered = _sorted(nodes, edges)
    ahead: list[list[int]] = [[] for _ in range(nodes)]
    has_before = [False] * nodes
    for start, end in edges:
        ahead[start].append(end)
        has_before[end] = True
    for node in ordered:
        for end in ahead[node]:
            found[end] = max(found[end], found[node] + 1)
    # What waits for nothing stands just before what needs it.
    for node in ordered:
        if ahead[node] and not has_before[node]:
            found[node] = min(found[end] for end in ahead[node]) - 1
    return found
