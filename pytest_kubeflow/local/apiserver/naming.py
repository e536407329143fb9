"""Names that the server makes up: apiserver/pkg/storage/names, `generateName` and five letters."""

from __future__ import annotations

import secrets

from pytest_kubeflow.local.apiserver.errors import Object

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_LONGEST = 58


def named(metadata: Object) -> Object:
    """Metadata with a name, where they only have what one begins with."""
    begin = metadata.get("generateName")
    if metadata.get("name") or not isinstance(begin, str) or not begin:
        return metadata
    suffix = "".join(secrets.choice(_ALPHABET) for _ in range(5))
    return {**metadata, "name": f"{begin[:_LONGEST]}{suffix}"}
