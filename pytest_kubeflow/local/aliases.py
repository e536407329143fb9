"""YAML whose aliases make more of it than any reader should take.

Ratios: allowedAliasRatio in gopkg.in/yaml.v3 decode.go, which reads packages in the real server.
"""

from __future__ import annotations

_FEW, _MANY = 400_000, 4_000_000
_MOST, _LEAST = 0.99, 0.10
_TEXT = 64
"""So many characters of a text count as one node."""


class AliasError(ValueError):
    """The document is refused; the message is go-yaml's."""


def check_aliases(document: object) -> None:
    """Raise AliasError if `document` contains itself, or far more nodes than were written."""
    sizes: dict[int, int] = {}  # of what can be large, by its id; 0 until it is known
    written = 0

    def size(node: object) -> int:
        """Nodes of `node`, with aliases counted wherever they are used."""
        nonlocal written
        if isinstance(node, str | bytes):
            own, parts = 1 + len(node) // _TEXT, []
        elif isinstance(node, dict):
            own, parts = 1, [*node.keys(), *node.values()]
        elif isinstance(node, list | tuple):
            own, parts = 1, list(node)
        else:
            own, parts = 1, []
        if own == 1 and not parts:
            written += 1
            return 1
        if id(node) in sizes:
            if not sizes[id(node)]:
                raise AliasError("an anchor's value contains itself")
            return sizes[id(node)]
        sizes[id(node)] = 0
        written += own
        sizes[id(node)] = own + sum(map(size, parts))
        return sizes[id(node)]

    total = size(document)
    if total > 1000 and (total - written) / total > _allowed(total):
        raise AliasError("document contains excessive aliasing")


def _allowed(total: int) -> float:
    """The part of a document of `total` nodes that may come from aliases."""
    if total <= _FEW:
        return _MOST
    if total >= _MANY:
        return _LEAST
    return _MOST - (_MOST - _LEAST) * (total - _FEW) / (_MANY - _FEW)
