"""ML Metadata of the embedded cluster: what runs, their tasks and their artifacts amount to.

`store.py` keeps types, contexts, executions, artifacts and events; the pipelines driver writes to
it in process. `service.py`, which `app.py` loads when it is first asked, shows it to clients as
ml-metadata's gRPC-web service; `wire.py` knows the messages, `methods.py` what each call does,
`native.py` is the same by gRPC itself,
`listing.py` orders, pages and filters. `durable.py` keeps a store in a database.
It is NOT a full ml-metadata server: lineage queries are answered with UNIMPLEMENTED.
"""

from pytest_kubeflow.local.metadata.app import metadata_app
from pytest_kubeflow.local.metadata.native import NativeMetadata
from pytest_kubeflow.local.metadata.store import Event, MetadataStore, Node, NodeType

__all__ = ["Event", "MetadataStore", "NativeMetadata", "Node", "NodeType", "metadata_app"]
