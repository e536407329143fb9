"""The types of the fields of built-in kinds: an object in which one has another is no such object.

Only fields that a part of the cluster reads are known here, and their types are Go's, which a
server names when it refuses a value: `spec.containers` is `[]v1.Container`.
"""

from pytest_kubeflow.local.apiserver.fieldtypes.check import typed
from pytest_kubeflow.local.apiserver.fieldtypes.kinds import (
    BINDING,
    DELETE_OPTIONS,
    EVICTION,
    SCALE,
    TOKEN_REQUEST,
    type_of,
)

__all__ = ["BINDING", "DELETE_OPTIONS", "EVICTION", "SCALE", "TOKEN_REQUEST", "type_of", "typed"]
