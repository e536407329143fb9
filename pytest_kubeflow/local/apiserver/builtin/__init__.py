"""Built-in kinds: which fields they have, of which types; objects are read by them."""

from pytest_kubeflow.local.apiserver.builtin.decoding import Decoder, decode
from pytest_kubeflow.local.apiserver.builtin.schema import METADATA, Struct, kind_of, new_status

__all__ = ["METADATA", "Decoder", "Struct", "decode", "kind_of", "new_status"]
