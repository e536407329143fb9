"""How objects are shown, as the Accept header asks: as they are, as tables, as metadata only."""

from __future__ import annotations

from collections.abc import Callable

from pytest_kubeflow.local.apiserver.errors import Object, StatusError
from pytest_kubeflow.local.apiserver.requests.request import ApiRequest
from pytest_kubeflow.local.apiserver.responses.tables import table
from pytest_kubeflow.local.apiserver.targets import Target

Represent = Callable[[Object], Object]
_META = "meta.k8s.io/v1"
_PLAIN = ("application/json", "application/*", "*/*")


def representation(request: ApiRequest, target: Target) -> Represent:
    """The first representation in the Accept header that there is. Raises StatusError 406."""
    accept = request.accept
    if not accept or accept == "application/json":
        return _as_it_is
    for option in accept.split(","):
        media, *parameters = (part.strip() for part in option.split(";"))
        if not media.startswith(_PLAIN):
            continue
        asked = dict(part.partition("=")[::2] for part in parameters)
        match asked.get("as"):
            case "Table" if asked.get("v") == "v1":
                shown = request.query.get("includeObject", "Metadata")
                return lambda obj: _as_table(obj, target, shown)
            case "PartialObjectMetadata" | "PartialObjectMetadataList":
                return _metadata_only
            case None:
                return _as_it_is
    message = (
        "only the following media types are accepted: application/json, "
        "application/json;stream=watch"
    )
    raise StatusError(406, "NotAcceptable", message)


def _as_it_is(obj: Object) -> Object:
    return obj


def _as_table(obj: Object, target: Target, shown: str) -> Object:
    if "items" in obj:
        return table(target.kind, target.version, obj["items"], obj["metadata"], shown)
    metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
    return table(target.kind, target.version, [obj], metadata, shown)


def _metadata_only(obj: Object) -> Object:
    kind = "PartialObjectMetadata"
    if "items" not in obj:
        return {"kind": kind, "apiVersion": _META, "metadata": obj["metadata"]}
    items = [_metadata_only(one) for one in obj["items"]]
    return {
        "kind": f"{kind}List",
        "apiVersion": _META,
        "metadata": obj["metadata"],
        "items": items,
    }
