"""Which namespace a session works in.

| cluster | namespace |
| --- | --- |
| --kf-upgrade=after | where the session before the upgrade has left things |
| --kf-namespace | that one, as it is |
| multi-user, we may create Profiles | a scratch Profile owned by the user that the gateway knows |
| multi-user otherwise | the example user's namespace, or else the context's, as it is |
| stand-alone pipelines | `kubeflow`, as it is: runs and what they mount live there |
| Kubernetes alone, we may create namespaces | a scratch namespace |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pytest_kubeflow.auth.ladder import EXAMPLE_NAMESPACE
from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.errors import ConfigurationError, KubeflowError, PermissionDenied
from pytest_kubeflow.k8s.namespaces import may_create_namespaces, require_namespace
from pytest_kubeflow.k8s.profiles import may_create_profiles
from pytest_kubeflow.k8s.sessions.upgrade_record import find_record

STANDALONE_NAMESPACE = "kubeflow"


class Kind(Enum):
    """How a session comes by its namespace."""

    EXISTING = "existing"
    PROFILE = "scratch Profile"
    SCRATCH = "scratch namespace"


@dataclass(frozen=True, slots=True)
class NamespaceChoice:
    """The namespace that a session works in. `name` is None where it is still to be made."""

    kind: Kind
    name: str | None
    reason: str
    """Why this one, for people."""

    was_given: bool = False
    """Whether the user has named it."""


def choose_namespace(cluster: KubernetesCluster) -> NamespaceChoice:
    """The namespace for this session. Raises ConfigurationError if there is none to work in."""
    configured = cluster.config.kubernetes.namespace
    if cluster.config.session.upgrade == "after":
        record = find_record(cluster.kubernetes, configured, now=cluster.ownership.clock())
        return NamespaceChoice(Kind.EXISTING, record.namespace, f"left there by {record}")
    if configured is not None:
        reason = cluster.config.described("namespace")
        return NamespaceChoice(Kind.EXISTING, configured, reason, was_given=True)
    if not isinstance(cluster, Cluster):
        return _without_kubeflow(cluster)
    if not cluster.multi_user:
        return NamespaceChoice(
            Kind.EXISTING, STANDALONE_NAMESPACE, "the namespace of stand-alone pipelines"
        )
    if not cluster.kubernetes.is_configured:
        return NamespaceChoice(
            Kind.EXISTING, EXAMPLE_NAMESPACE, "the example user's, as none was given"
        )
    if cluster.user is not None and _can_make_profiles(cluster):
        return NamespaceChoice(Kind.PROFILE, None, f"owned by {cluster.user}")
    return _existing(cluster)


def namespace_to_be(cluster: KubernetesCluster) -> NamespaceChoice:
    """The existing namespace that it would be, for who has not got into Kubeflow."""
    configured = cluster.config.kubernetes.namespace
    name = configured or cluster.kubernetes.context_namespace or EXAMPLE_NAMESPACE
    return NamespaceChoice(Kind.EXISTING, name, "as far as is known", configured is not None)


def require_existing(cluster: KubernetesCluster, choice: NamespaceChoice) -> None:
    """Make sure that the existing namespace `choice` can be worked in. Raises KubeflowErrors.

    PermissionDenied where we may not see whether it is there.
    """
    try:
        require_namespace(cluster.kubernetes, str(choice.name))
    except PermissionDenied:
        raise
    except KubeflowError as error:
        if choice.was_given:
            raise
        raise ConfigurationError(
            f"the namespace {choice.name!r}, taken as none was given, cannot be used "
            f"({error.message}); name one with --kf-namespace"
        ) from error


def _can_make_profiles(cluster: Cluster) -> bool:
    return "profiles" in cluster.capabilities.components and may_create_profiles(cluster.kubernetes)


def _without_kubeflow(cluster: KubernetesCluster) -> NamespaceChoice:
    if may_create_namespaces(cluster.kubernetes):
        return NamespaceChoice(Kind.SCRATCH, None, "removed at the end")
    raise ConfigurationError(
        "there is no namespace to work in: none was given, and this user may not create and delete "
        "namespaces; name an existing one with --kf-namespace"
    )


def _existing(cluster: Cluster) -> NamespaceChoice:
    """The first of the usual namespaces that is there.

    Where we may not see whether one is there, the first of those that may be.
    """
    places = {EXAMPLE_NAMESPACE: "the example user's, as none was given"}
    if (of_context := cluster.kubernetes.context_namespace) is not None:
        places.setdefault(of_context, "the kubeconfig's, as none was given")
    hidden: NamespaceChoice | None = None
    missing = []
    for name, reason in places.items():
        choice = NamespaceChoice(Kind.EXISTING, name, reason)
        try:
            require_namespace(cluster.kubernetes, name)
        except ConfigurationError as error:
            missing.append(error.message)
        except PermissionDenied:
            hidden = hidden or choice
        else:
            return choice
    if hidden is not None:
        return hidden
    why = (
        "this user may not create Profiles"
        if "profiles" in cluster.capabilities.components
        else "this Kubeflow has no Profiles (its Kubernetes API serves no profiles.kubeflow.org)"
    )
    raise ConfigurationError(
        f"there is no namespace to work in: none was given, {why}, and {', '.join(missing)}; name "
        "one with --kf-namespace"
    )
