"""The methods of ml_metadata.MetadataStoreService: request message in, response message out.

Names and meaning: google/ml-metadata metadata_store_service.proto. Methods that exist for each
kind of node are made once, for all three.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from pytest_kubeflow.local.metadata.convert import (
    event_message,
    event_path,
    node_fields,
    node_message,
    type_message,
)
from pytest_kubeflow.local.metadata.listing import page
from pytest_kubeflow.local.metadata.store import (
    KINDS,
    AlreadyExistsError,
    Kind,
    MetadataStore,
    Node,
    NotFoundError,
)
from pytest_kubeflow.local.metadata.wire import ENUMS, new

Message = Any
Method = Callable[[Message], Message]
Member = Literal["artifact", "execution"]


class Methods:
    """The service over one store; `table` maps a method's name to the function behind it."""

    def __init__(self, store: MetadataStore) -> None:
        self._store = store
        self.table: dict[str, Method] = {
            "PutExecution": self._put_execution,
            "PutEvents": self._put_events,
            "PutAttributionsAndAssociations": self._put_links,
            "PutParentContexts": self._put_parents,
            "GetEventsByExecutionIDs": self._events_by("execution"),
            "GetEventsByArtifactIDs": self._events_by("artifact"),
            "GetArtifactsByURI": self._artifacts_by_uri,
            "GetParentContextsByContext": self._relatives("Parent", store.parents),
            "GetChildrenContextsByContext": self._relatives("Children", store.children),
        }
        for kind in KINDS:
            self.table |= self._of_kind(kind)
        members: tuple[Member, ...] = ("artifact", "execution")
        for member in members:
            self.table |= self._of_member(member)

    def _of_kind(self, kind: Kind) -> dict[str, Method]:
        store, node = self._store, kind.capitalize()

        def put_nodes(request: Message) -> Message:
            made = [self._put(kind, one) for one in getattr(request, f"{kind}s")]
            return new(f"Put{node}sResponse", **{f"{kind}_ids": [one.id for one in made]})

        def put_type(request: Message) -> Message:
            sent = getattr(request, f"{kind}_type")
            made = store.put_type(
                kind,
                sent.name,
                version=sent.version,
                description=sent.description,
                properties=dict(sent.properties),
            )
            return new(f"Put{node}TypeResponse", type_id=made.id)

        def get_type(request: Message) -> Message:
            found = store.find_type(kind, request.type_name, request.type_version)
            if found is None:
                raise NotFoundError(f"No {kind} type found: {request.type_name}")
            return new(f"Get{node}TypeResponse", **{f"{kind}_type": type_message(kind, found)})

        def get_types(request: Message) -> Message:
            found = store.types(kind)
            if "type_ids" in request.DESCRIPTOR.fields_by_name:
                found = [one for one in found if one.id in request.type_ids]
            name = request.DESCRIPTOR.name.removesuffix("Request")
            messages = [type_message(kind, one) for one in found]
            return new(f"{name}Response", **{f"{kind}_types": messages})

        def get_all(request: Message) -> Message:
            return self._listed(f"Get{node}s", kind, store.nodes(kind), request)

        def get_by_id(request: Message) -> Message:
            found = store.nodes(kind, getattr(request, f"{kind}_ids"))
            response = new(f"Get{node}sByIDResponse", **self._messages(kind, found))
            if kind == "artifact" and request.populate_artifact_types:
                used = {one.type_id for one in found}
                types = [one for one in store.types(kind) if one.id in used]
                response.artifact_types.extend(type_message(kind, one) for one in types)  # type: ignore[attr-defined]
            return response

        def get_by_type(request: Message) -> Message:
            known = store.find_type(kind, request.type_name, request.type_version)
            found = [one for one in store.nodes(kind) if known and one.type_id == known.id]
            return self._listed(f"Get{node}sByType", kind, found, request)

        def get_by_name(request: Message) -> Message:
            name = getattr(request, f"{kind}_name")
            found = store.by_name(kind, request.type_name, name, request.type_version)
            fields = {kind: self._message(kind, found)} if found else {}
            return new(f"Get{node}ByTypeAndNameResponse", **fields)

        return {
            f"Put{node}s": put_nodes,
            f"Put{node}Type": put_type,
            f"Get{node}Type": get_type,
            f"Get{node}Types": get_types,
            f"Get{node}TypesByID": get_types,
            f"Get{node}s": get_all,
            f"Get{node}sByID": get_by_id,
            f"Get{node}sByType": get_by_type,
            f"Get{node}ByTypeAndName": get_by_name,
        }

    def _of_member(self, kind: Member) -> dict[str, Method]:
        store, node = self._store, kind.capitalize()

        def members(request: Message) -> Message:
            found = store.in_context(kind, request.context_id)
            return self._listed(f"Get{node}sByContext", kind, found, request)

        def contexts(request: Message) -> Message:
            found = store.contexts_of(kind, getattr(request, f"{kind}_id"))
            return new(f"GetContextsBy{node}Response", **self._messages("context", found))

        return {f"Get{node}sByContext": members, f"GetContextsBy{node}": contexts}

    def _put(self, kind: Kind, message: Message) -> Node:
        type_id = message.type_id
        if message.id and not type_id:
            type_id = next((one.type_id for one in self._store.nodes(kind, [message.id])), 0)
        return self._store.put(kind, type_id, node_id=message.id, **node_fields(kind, message))

    def _put_execution(self, request: Message) -> Message:
        execution = self._put("execution", request.execution)
        artifact_ids = []
        for pair in request.artifact_event_pairs:
            artifact_id = pair.event.artifact_id
            if pair.HasField("artifact"):
                artifact_id = self._put("artifact", pair.artifact).id
            artifact_ids.append(artifact_id)
            if pair.HasField("event"):
                self._add_event(pair.event, artifact_id, execution.id)
        contexts = [self._context(one, request.options) for one in request.contexts]
        for context in contexts:
            self._store.link("execution", execution.id, context.id)
            for artifact_id in artifact_ids:
                self._store.link("artifact", artifact_id, context.id)
        return new(
            "PutExecutionResponse",
            execution_id=execution.id,
            artifact_ids=artifact_ids,
            context_ids=[one.id for one in contexts],
        )

    def _context(self, message: Message, options: Message) -> Node:
        if message.id or not options.reuse_context_if_already_exist:
            return self._put("context", message)
        try:
            return self._put("context", message)
        except AlreadyExistsError:
            named = (one for one in self._store.nodes("context") if one.name == message.name)
            return next(one for one in named if one.type_id == message.type_id)

    def _put_events(self, request: Message) -> Message:
        for event in request.events:
            self._add_event(event, event.artifact_id, event.execution_id)
        return new("PutEventsResponse")

    def _add_event(self, event: Message, artifact_id: int, execution_id: int) -> None:
        for kind, node_id in (("artifact", artifact_id), ("execution", execution_id)):
            if not self._store.nodes(kind, [node_id]):  # type: ignore[arg-type]
                raise NotFoundError(f"No {kind} with the given id {node_id}")
        self._store.add_event(
            artifact_id,
            execution_id,
            ENUMS["EventType"][event.type],
            event_path(event),
            event.milliseconds_since_epoch,
        )

    def _put_links(self, request: Message) -> Message:
        for one in request.attributions:
            self._store.link("artifact", one.artifact_id, one.context_id)
        for one in request.associations:
            self._store.link("execution", one.execution_id, one.context_id)
        return new("PutAttributionsAndAssociationsResponse")

    def _put_parents(self, request: Message) -> Message:
        for one in request.parent_contexts:
            if one.parent_id in {parent.id for parent in self._store.parents(one.child_id)}:
                raise AlreadyExistsError("Given parent context already exists")
            self._store.add_parent(one.child_id, one.parent_id)
        return new("PutParentContextsResponse")

    def _events_by(self, kind: Member) -> Method:
        def method(request: Message) -> Message:
            ids = set(getattr(request, f"{kind}_ids"))
            found = [one for one in self._store.events if getattr(one, f"{kind}_id") in ids]
            name = f"GetEventsBy{kind.capitalize()}IDsResponse"
            return new(name, events=[event_message(one) for one in found])

        return method

    def _artifacts_by_uri(self, request: Message) -> Message:
        found = [one for one in self._store.nodes("artifact") if one.uri in request.uris]
        return new("GetArtifactsByURIResponse", **self._messages("artifact", found))

    def _relatives(self, which: str, find: Callable[[int], list[Node]]) -> Method:
        def method(request: Message) -> Message:
            found = self._messages("context", find(request.context_id))
            return new(f"Get{which}ContextsByContextResponse", **found)

        return method

    def _listed(self, name: str, kind: Kind, nodes: list[Node], request: Message) -> Message:
        options = request.options if request.HasField("options") else None
        chosen, token = page(self._store, kind, nodes, options)
        response: Message = new(f"{name}Response", **self._messages(kind, chosen))
        if token:
            response.next_page_token = token
        return response

    def _messages(self, kind: Kind, nodes: list[Node]) -> dict[str, list[Message]]:
        return {f"{kind}s": [self._message(kind, one) for one in nodes]}

    def _message(self, kind: Kind, node: Node) -> Message:
        return node_message(kind, node, self._store.type_of(kind, node))
