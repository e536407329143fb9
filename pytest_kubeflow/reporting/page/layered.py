"""A layered drawing of a directed graph: layers by longest path, few crossings, straight edges.

The steps are those of Sugiyama, Tagawa and Toda (1981). Order within a layer is by the mean of the
neighbours, kept where it crosses least; places are the least-squares ones that keep the order.
Layers go along the x axis.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pytest_kubeflow.reporting.page.ranking import Edge, acyclic, ranks, reduced

Point = tuple[float, float]

_SWEEPS = 12
_MOST_EDGES = 240
"""With more than these, edges that follow from others are not drawn."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Where the nodes are (their upper left corners), how edges go, and the room that it takes."""

    places: tuple[Point, ...]
    routes: dict[Edge, tuple[Point, ...]]
    size: Point


def arrange(
    sizes: Sequence[Point], edges: Iterable[Edge], *, between: float = 56, beside: float = 18
) -> Arrangement:
    """A drawing of nodes of these sizes; `between` layers and `beside` each other there is room."""
    if not sizes:
        return Arrangement((), {}, (0.0, 0.0))
    kept = acyclic(len(sizes), edges)
    if len(kept) > _MOST_EDGES:
        kept = reduced(len(sizes), kept)
    graph = _Layers(sizes, kept, ranks(len(sizes), kept), beside)
    graph.order()
    graph.place()
    return graph.arrangement(between)


class _Layers:
    """Nodes and bends by layer. Bends are nodes without size, where an edge crosses a layer."""

    def __init__(
        self, sizes: Sequence[Point], edges: list[Edge], layers: list[int], beside: float
    ) -> None:
        self._sizes = list(sizes)
        self._beside = beside
        ranks = list(layers)
        self._chains: dict[Edge, list[int]] = {}
        links: list[Edge] = []
        for start, end in edges:
            chain = [start]
            for rank in range(ranks[start] + 1, ranks[end]):
                chain.append(len(self._sizes))
                self._sizes.append((0.0, 0.0))
                ranks.append(rank)
            chain.append(end)
            self._chains[start, end] = chain
            links += pairwise(chain)
        self._ranks = ranks
        self._layers: list[list[int]] = [[] for _ in range(max(ranks) + 1)]
        for node, rank in enumerate(ranks):
            self._layers[rank].append(node)
        self._before: list[list[int]] = [[] for _ in ranks]
        self._after: list[list[int]] = [[] for _ in ranks]
        for start, end in links:
            self._before[end].append(start)
            self._after[start].append(end)
        self._centres = [0.0] * len(ranks)

    def order(self) -> None:
        """Sort the layers so that few edges cross."""
        best, fewest = [list(layer) for layer in self._layers], self._crossings()
        for sweep in range(_SWEEPS):
            if not fewest:
                break
            down = sweep % 2 == 0
            neighbours = self._before if down else self._after
            layers = self._layers if down else self._layers[::-1]
            position = {node: at for layer in self._layers for at, node in enumerate(layer)}
            for layer in layers:
                means = {
                    node: sum(position[each] for each in neighbours[node]) / len(neighbours[node])
                    if neighbours[node]
                    else float(position[node])
                    for node in layer
                }
                layer.sort(key=means.__getitem__)
                position.update((node, at) for at, node in enumerate(layer))
            if (crossings := self._crossings()) < fewest:
                best, fewest = [list(layer) for layer in self._layers], crossings
        self._layers = best

    def _crossings(self) -> int:
        total = 0
        for layer, following in pairwise(self._layers):
            position = {node: at for at, node in enumerate(following)}
            seen: list[int] = []
            for node in layer:
                ends = sorted(position[end] for end in self._after[node])
                total += sum(len(seen) - bisect_right(seen, end) for end in ends)
                for end in ends:
                    insort(seen, end)
        return total

    def place(self) -> None:
        """Give each node its centre across the layers, near those of its neighbours."""
        for layer in self._layers:
            at = 0.0
            for node in layer:
                at += self._sizes[node][1] / 2
                self._centres[node] = at
                at += self._sizes[node][1] / 2 + self._beside
            for node in layer:
                self._centres[node] -= at / 2
        for sweep in range(_SWEEPS):
            down = sweep % 2 == 0
            for layer in self._layers if down else self._layers[::-1]:
                self._settle(layer, self._before if down else self._after)
        both = [[*a, *b] for a, b in zip(self._before, self._after, strict=True)]
        for layer in self._layers:
            self._settle(layer, both)

    def _settle(self, layer: list[int], neighbours: list[list[int]]) -> None:
        """Move a layer's nodes to the mean of their neighbours, as near as their order allows.

        The least-squares places under an order, by pooling adjacent violators.
        """
        offsets, at = [], 0.0
        for index, node in enumerate(layer):
            if index:
                at += (self._sizes[layer[index - 1]][1] + self._sizes[node][1]) / 2 + self._beside
            offsets.append(at)
        pools: list[tuple[float, float, int]] = []  # sum of wishes, weight, nodes
        for node, offset in zip(layer, offsets, strict=True):
            near = neighbours[node]
            wish = (
                sum(self._centres[each] for each in near) / len(near)
                if near
                else self._centres[node]
            )
            weight = float(len(near)) if near else 0.1
            pools.append(((wish - offset) * weight, weight, 1))
            while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
                last, previous = pools.pop(), pools.pop()
                pools.append((previous[0] + last[0], previous[1] + last[1], previous[2] + last[2]))
        index = 0
        for total, weight, nodes in pools:
            for _ in range(nodes):
                self._centres[layer[index]] = total / weight + offsets[index]
                index += 1

    def arrangement(self, between: float) -> Arrangement:
        """The places, with the upper left corner at the origin."""
        top = min(
            self._centres[node] - self._sizes[node][1] / 2 for node in range(len(self._centres))
        )
        bottom = max(
            self._centres[node] + self._sizes[node][1] / 2 for node in range(len(self._centres))
        )
        lefts, at = [], 0.0
        widths = [max(self._sizes[node][0] for node in layer) for layer in self._layers]
        for width in widths:
            lefts.append(at)
            at += width + between
        real = len(self._sizes) - sum(len(chain) - 2 for chain in self._chains.values())
        places = tuple(
            (
                lefts[self._ranks[node]] + (widths[self._ranks[node]] - self._sizes[node][0]) / 2,
                self._centres[node] - self._sizes[node][1] / 2 - top,
            )
            for node in range(real)
        )
        routes = {}
        for edge, chain in self._chains.items():
            (start, *bends, end) = chain
            points = [(places[start][0] + self._sizes[start][0], self._centres[start] - top)]
            for bend in bends:
                left, y = lefts[self._ranks[bend]], self._centres[bend] - top
                points += [(left, y), (left + widths[self._ranks[bend]], y)]
            points.append((places[end][0], self._centres[end] - top))
            routes[edge] = tuple(points)
        return Arrangement(places, routes, (at - between, bottom - top))
