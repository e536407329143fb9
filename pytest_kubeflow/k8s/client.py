"""KubernetesClient: the official client, made when first used, with our retry policy."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_kubeflow.config.groups.kubernetes import KubernetesSettings
from pytest_kubeflow.k8s.calling import calling
from pytest_kubeflow.k8s.connection import make_connection
from pytest_kubeflow.k8s.credentials import Credentials
from pytest_kubeflow.k8s.kubeconfig import Kubeconfig
from pytest_kubeflow.k8s.retry_policy import kubernetes_policy
from pytest_kubeflow.proxy import proxy_for
from pytest_kubeflow.redaction import Redactor, Secret

if TYPE_CHECKING:
    from kubernetes import client as api

__all__ = ["KubernetesClient", "calling"]

_SAME = (
    *("host", "verify_ssl", "ssl_ca_cert", "tls_server_name", "retries"),
    *("proxy", "proxy_headers", "no_proxy"),
)
"""What of a connection has nothing to do with who we are."""


class KubernetesClient:
    """Typed APIs of the official client as attributes: `.core`, `.custom`, ...

    Nothing is read or imported before the first of them is used. Errors of calls are the official
    client's `ApiException`; `calling` turns them into ours. What the API does not answer for now
    is asked again, as `retry_policy` says. The redactor learns every credential that is sent, and
    the values of all Secrets that are read.
    """

    def __init__(
        self,
        kubeconfig: Path | None = None,
        context: str | None = None,
        *,
        redactor: Redactor | None = None,
    ) -> None:
        self._kubeconfig = Kubeconfig(kubeconfig, context)
        self._credentials = Credentials(redactor)
        self.retry_policy = kubernetes_policy()

    @classmethod
    def from_settings(cls, settings: KubernetesSettings, *, redactor: Redactor) -> KubernetesClient:
        """The client that the configuration asks for."""
        return cls(settings.kubeconfig, settings.context, redactor=redactor)

    @property
    def is_configured(self) -> bool:
        """Whether there is a kubeconfig or a service account to try."""
        return self._kubeconfig.is_there

    @property
    def is_in_cluster(self) -> bool:
        """Whether we are a pod of this cluster, which the names of its Services lead to."""
        return self._kubeconfig.is_service_account

    @cached_property
    def api_client(self) -> api.ApiClient:
        """The configured connection. Raises ConfigurationError, of one line."""
        from kubernetes.client import Configuration
        from urllib3.util import Retry

        settings = Configuration()
        # Redirects alone are urllib3's: what is repeated is ours to say.
        settings.retries = Retry(total=None, connect=0, read=0, status=0, other=0, redirect=3)
        self._kubeconfig.load(settings)
        self._credentials.configured(settings)
        if settings.proxy is None and (proxy := proxy_for(settings.host)) is not None:
            settings.proxy, settings.proxy_headers = proxy.url, dict(proxy.headers)

        return make_connection(settings, self.retry_policy, self._credentials)

    def with_token(self, token: Secret) -> KubernetesClient:
        """The same API server, asked with this bearer token and nothing else of ours."""
        from kubernetes.client import Configuration

        ours, theirs = self.api_client.configuration, Configuration()
        for same in _SAME:
            setattr(theirs, same, getattr(ours, same))
        theirs.api_key = {"authorization": f"Bearer {token.reveal()}"}
        redactor = self._credentials.redactor
        other = KubernetesClient(self._kubeconfig.path, self._kubeconfig.context, redactor=redactor)
        other.api_client = make_connection(theirs, other.retry_policy, Credentials(redactor))
        return other

    @cached_property
    def core(self) -> api.CoreV1Api:
        """Namespaces, pods, claims, secrets, events..."""
        from kubernetes.client import CoreV1Api

        return CoreV1Api(self.api_client)

    @cached_property
    def apps(self) -> api.AppsV1Api:
        """Deployments."""
        from kubernetes.client import AppsV1Api

        return AppsV1Api(self.api_client)

    @cached_property
    def custom(self) -> api.CustomObjectsApi:
        """Custom resources: Profiles, Workflows, InferenceServices..."""
        from kubernetes.client import CustomObjectsApi

        return CustomObjectsApi(self.api_client)

    @cached_property
    def rbac(self) -> api.RbacAuthorizationV1Api:
        """Roles and role bindings."""
        from kubernetes.client import RbacAuthorizationV1Api

        return RbacAuthorizationV1Api(self.api_client)

    @cached_property
    def storage(self) -> api.StorageV1Api:
        """Storage classes."""
        from kubernetes.client import StorageV1Api

        return StorageV1Api(self.api_client)

    @cached_property
    def authorization(self) -> api.AuthorizationV1Api:
        """What we may do."""
        from kubernetes.client import AuthorizationV1Api

        return AuthorizationV1Api(self.api_client)

    @cached_property
    def authentication(self) -> api.AuthenticationV1Api:
        """Whose a token is."""
        from kubernetes.client import AuthenticationV1Api

        return AuthenticationV1Api(self.api_client)

    @cached_property
    def apis(self) -> api.ApisApi:
        """The groups of resources that this cluster has."""
        from kubernetes.client import ApisApi

        return ApisApi(self.api_client)

    @cached_property
    def version(self) -> api.VersionApi:
        """The version of the API server."""
        from kubernetes.client import VersionApi

        return VersionApi(self.api_client)

    def may(
        self,
        verb: str,
        resource: str,
        *,
        group: str = "",
        namespace: str | None = None,
        name: str = "",
    ) -> bool:
        """Whether the API server would let us `verb` this resource (in `namespace`, called `name`).

        A subresource follows after a slash: "pods/log".
        """
        from kubernetes import client

        plural, _, subresource = resource.partition("/")
        attributes = client.V1ResourceAttributes(
            group=group,
            namespace=namespace,
            resource=plural,
            name=name or None,
            subresource=subresource or None,
            verb=verb,
        )
        review = client.V1SelfSubjectAccessReview(
            spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes)
        )
        with calling(f"ask whether we may {verb} {resource}"):
            answer = self.authorization.create_self_subject_access_review(review)
        return bool(answer.status.allowed)

    @property
    def context_namespace(self) -> str | None:
        """The namespace of the kubeconfig's context, or of this pod; None where none is named."""
        return self._kubeconfig.namespace

    def close(self) -> None:
        """Close the connections, if any were made."""
        if "api_client" in vars(self):
            self.api_client.close()
