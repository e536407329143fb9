"""What the containers of a pod ask for, and how the checks of PodSecurity speak of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pytest_kubeflow.local.apiserver.errors import Object

_GROUPS = ("initContainers", "containers", "ephemeralContainers")


def containers(spec: Object) -> list[Object]:
    """All containers, in the order in which the checks name them."""
    return [one for group in _GROUPS for one in spec.get(group) or []]


def security(owner: Object, *path: str) -> Object:
    """What `securityContext` of a pod's spec or a container has there."""
    found: Object = owner.get("securityContext") or {}
    for key in path:
        found = found.get(key) or {}
    return found


def asking(spec: Object, find: Callable[[Object], object]) -> dict[str, object]:
    """What `find` finds at the containers at which it finds something, by their names."""
    found = {one["name"]: find(one) for one in containers(spec)}
    return {name: what for name, what in found.items() if what}


def named(names: Iterable[str]) -> str:
    """`container "a"`, `containers "a", "b"`."""
    return f"{counted('container', names)} {quoted(names)}"


def subjects(*, pod: bool, names: Iterable[str]) -> str:
    """`pod`, `container "a"`, `pod and containers "a", "b"`."""
    return " and ".join([*(["pod"] if pod else []), *([named(names)] if list(names) else [])])


def counted(noun: str, things: Iterable[object]) -> str:
    return noun if len(list(things)) == 1 else f"{noun}s"


def quoted(names: Iterable[object]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def values(found: Mapping[str, object]) -> list[str]:
    """All values of lists of text, sorted, each once."""
    lists = [what for what in found.values() if isinstance(what, list)]
    return sorted({value for what in lists for value in what})
