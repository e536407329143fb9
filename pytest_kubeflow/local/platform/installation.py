"""Installation: all objects of a fresh platform, in the order in which they are stored."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_kubeflow.local import bootstrap
from pytest_kubeflow.local.controllers.profileobjects import (
    access_objects,
    artifact_secret,
    namespace_of,
    pipeline_objects,
)
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import Resource
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.platform.components.component import Component
from pytest_kubeflow.local.platform.components.installed import components
from pytest_kubeflow.local.platform.components.pipelines import SEAWEEDFS
from pytest_kubeflow.local.platform.katib import katib_objects
from pytest_kubeflow.local.platform.poddefaults import pod_defaults_objects
from pytest_kubeflow.local.platform.pvcviewers import viewer_objects
from pytest_kubeflow.local.platform.training import (
    jobset_objects,
    operator_objects,
    trainer_objects,
    training_objects,
    with_rights,
)
from pytest_kubeflow.local.platform.webhook import webhook_objects
from pytest_kubeflow.local.platform.workloads import objects_of
from pytest_kubeflow.local.training.settings import DEFAULT_TRAINING, TrainingSettings

_MANIFESTS = ("platform", "installation", "workflows", "kserve")
_MULTI_USER = (
    "multi-user",
    "istio",
    "poddefaults",
    "platform-namespaces",
    "mesh",
    "notebooks",
    "pvcviewers",
    "tensorboards",
    "katib",
    "model-registry",
    "training",
)
_SYSTEM = "kubeflow"
_BUILT_IN_GROUPS = (
    "v1.",
    "v1.apps",
    "v1.batch",
    "v1.networking.k8s.io",
    "v1.rbac.authorization.k8s.io",
    "v1.storage.k8s.io",
)

Keys = tuple[str, str]


@dataclass(frozen=True)
class Site:
    """Where the platform is put up: the node, its address, the network of its pods."""

    node: str
    host_ip: str
    pods: str
    store_ip: str
    """Where the object store listens."""


def installation(
    site: Site,
    *,
    multi_user: bool,
    store_keys: Mapping[str, Keys],
    token_issuers: Sequence[str] = (),
    training: TrainingSettings = DEFAULT_TRAINING,
) -> list[Object]:
    """The objects; `store_keys` are those of the object store by namespace.

    The gateway takes tokens of `token_issuers` beside Dex's. `training` says which
    operators there are.
    """
    names = [*_MANIFESTS[:1], *(_MULTI_USER if multi_user else ()), *_MANIFESTS[1:]]
    objects = list(training_objects(training)) if multi_user else []
    objects = _merged([*objects, *bootstrap.manifests(*names)])
    if training.operator:
        objects = list(with_rights(objects))
    objects += [_named(*artifact_secret(_SYSTEM, *store_keys[_SYSTEM]))]
    for profile in [one for one in objects if one["kind"] == "Profile"]:
        objects += _profile(profile, store_keys[profile["metadata"]["name"]])
    if multi_user and token_issuers:
        objects.append(_token_issuers(token_issuers))
    objects += webhook_objects()
    if multi_user:
        objects += pod_defaults_objects()
        objects += viewer_objects()
        objects += katib_objects()
        objects += trainer_objects(training.release)
        objects += jobset_objects(training.release)
        objects += operator_objects() if training.operator else ()
    every = components(multi_user=multi_user, training=training)
    for component, ip in _addressed(every, site):
        objects += _once(
            objects,
            objects_of(component, node=site.node, host_ip=site.host_ip, ip=ip, mesh=multi_user),
        )
    return objects + [_api_service(name) for name in _BUILT_IN_GROUPS]


def _addressed(every: Sequence[Component], site: Site) -> Iterator[tuple[Component, str]]:
    """Each with an address for its pod, the last ones of the network: others get the first ones."""
    free = reversed(list(ipaddress.ip_network(site.pods).hosts()))
    for component in every:
        yield component, site.store_ip if component is SEAWEEDFS else str(next(free))


def _merged(objects: Sequence[Object]) -> list[Object]:
    """What is described twice stands at its first place, as it is described last."""
    by_key: dict[tuple[str, str, str], Object] = {}
    for obj in objects:
        by_key[_key(obj)] = obj
    return list(by_key.values())


def _key(obj: Object) -> tuple[str, str, str]:
    metadata = obj["metadata"]
    return obj["kind"], metadata.get("namespace", ""), metadata["name"]


def _once(known: Sequence[Object], objects: Iterator[Object]) -> list[Object]:
    """Those that are not `known`: components share accounts."""
    keys = {_key(one) for one in known}
    accounts = {"ServiceAccount"}
    return [one for one in objects if one["kind"] not in accounts or _key(one) not in keys]


def _named(resource: Resource, obj: Object) -> Object:
    return {"apiVersion": resource.api_version, "kind": resource.kind, **obj}


def _profile(profile: Object, keys: Keys) -> Iterator[Object]:
    """What the profile controllers have made of it. It gets its uid here."""
    profile["metadata"]["uid"] = str(uuid.uuid4())
    profile["status"] = {"conditions": [{"type": "Successful"}]}
    name, owner = profile["metadata"]["name"], profile["spec"]["owner"]
    yield {"apiVersion": "v1", "kind": "Namespace", **namespace_of(profile)}
    for resource, obj in (*access_objects(name, owner), *pipeline_objects(name)):
        yield _named(resource, obj)
    yield _named(*artifact_secret(name, *keys))


def _token_issuers(issuers: Sequence[str]) -> Object:
    """Whose tokens the gateway takes from programs."""
    return {
        "apiVersion": "security.istio.io/v1",
        "kind": "RequestAuthentication",
        "metadata": {"name": "m2m-token-issuer", "namespace": "istio-system"},
        "spec": {
            "selector": {"matchLabels": {"app": "istio-ingressgateway"}},
            "jwtRules": [
                {
                    "issuer": issuer,
                    "jwksUri": f"{issuer}/openid/v1/jwks",
                    "forwardOriginalToken": True,
                    "fromHeaders": [{"name": "Authorization", "prefix": "Bearer "}],
                    "outputClaimToHeaders": [
                        {"header": "kubeflow-userid", "claim": "sub"},
                        {"header": "kubeflow-groups", "claim": "groups"},
                    ],
                }
                for issuer in issuers
            ],
        },
    }


def _api_service(name: str) -> Object:
    """A group of the API server's own, as it registers it itself."""
    version, _, group = name.partition(".")
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {
            "name": name,
            "labels": {"kube-aggregator.kubernetes.io/automanaged": "onstart"},
        },
        "spec": {
            "group": group,
            "version": version,
            "groupPriorityMinimum": 17000,
            "versionPriority": 15,
        },
        "status": {
            "conditions": [
                {
                    "type": "Available",
                    "status": "True",
                    "reason": "Local",
                    "message": "Local APIServices are always available",
                    "lastTransitionTime": now(),
                }
            ]
        },
    }
