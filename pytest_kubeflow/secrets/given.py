"""GivenValues: a Secret or a ConfigMap that a test has made, with its values."""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pytest_kubeflow.errors import ConfigurationError, NotFound
from pytest_kubeflow.k8s.client import KubernetesClient, calling

Kind = Literal["Secret", "ConfigMap"]
Values = Mapping[str, str | bytes]
"""By key; bytes that are no UTF-8 are kept too."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_METHODS = {"Secret": "namespaced_secret", "ConfigMap": "namespaced_config_map"}


def content(kind: Kind, values: Values) -> dict[str, Any]:
    """The fields of an object with these values. Raises ConfigurationError for what is none."""
    if not isinstance(values, Mapping):
        raise ConfigurationError(
            f'the values of a {kind} are a dictionary, such as {{"password": ...}}, not a '
            f"{type(values).__name__}"
        )
    for key, value in values.items():
        if not isinstance(key, str):
            raise ConfigurationError(f"a key of a {kind} is text; {key!r} is none")
        if isinstance(value, str) and _SURROGATE.search(value):
            raise ConfigurationError(
                f"the value of {key!r} of a {kind} has half a surrogate pair, which UTF-8 does not "
                "have: give it as bytes"
            )
        if not isinstance(value, str | bytes):
            raise ConfigurationError(
                f"a value of a {kind} is text or bytes; {key!r} is of type {type(value).__name__}"
            )
    if kind == "Secret":
        return {"data": {key: _base64(value) for key, value in values.items()}}
    texts = {key: value for key, value in values.items() if isinstance(value, str)}
    others = {key: _base64(value) for key, value in values.items() if isinstance(value, bytes)}
    return {"data": texts, "binaryData": others}


@dataclass(frozen=True)
class GivenValues:
    """One object. Methods raise KubeflowErrors. Its values are in no repr."""

    kind: Kind
    namespace: str
    name: str
    kubernetes: KubernetesClient
    conceal: Callable[[Values], None] = lambda _values: None
    """Is told the values first that it gets later."""

    def __repr__(self) -> str:
        return f"<{self}>"

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    def replace(self, values: Values) -> None:
        """Give it these values, and no others."""
        # By a JSON patch: in another one, keys that it does not name would stay.
        fields = content(self.kind, values)
        self.conceal(values)
        operations = [
            {"op": "add", "path": f"/{field}", "value": value} for field, value in fields.items()
        ]
        with calling(f"change {self}"):
            self._call("patch", operations)

    def delete(self) -> None:
        """Remove it; one that is gone already is fine."""
        with contextlib.suppress(NotFound), calling(f"delete {self}"):
            self._call("delete")

    def _call(self, verb: str, *body: Any) -> None:
        method = getattr(self.kubernetes.core, f"{verb}_{_METHODS[self.kind]}")
        method(self.name, self.namespace, *body)


def create(
    kubernetes: KubernetesClient,
    kind: Kind,
    namespace: str,
    name: str,
    *,
    values: Values,
    labels: Mapping[str, str],
    conceal: Callable[[Values], None],
) -> GivenValues:
    """Make one; `conceal` is told its values first. Raises KubeflowErrors."""
    given = GivenValues(kind, namespace, name, kubernetes, conceal)
    body = {"metadata": {"name": name, "labels": dict(labels)}, **content(kind, values)}
    conceal(values)
    with calling(f"create {given}"):
        getattr(kubernetes.core, f"create_{_METHODS[kind]}")(namespace, body)
    return given


def _base64(value: str | bytes) -> str:
    data = value.encode() if isinstance(value, str) else value
    return base64.b64encode(data).decode()
