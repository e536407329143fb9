"""KubernetesClient: the official client, made when first used, with a timeout on every call."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.config.model import KubernetesSettings
from pytest_kubeflow.errors import (
    AuthenticationError,
    ClusterUnreachable,
    ConfigurationError,
    KubeflowError,
    NotFound,
    PermissionDenied,
)
from pytest_kubeflow.proxy import proxy_for
from pytest_kubeflow.reaching import innermost
from pytest_kubeflow.redaction import Secret

if TYPE_CHECKING:
    from kubernetes import client as api

CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 60.0
_SAME = (
    *("host", "verify_ssl", "ssl_ca_cert", "tls_server_name", "retries"),
    *("proxy", "proxy_headers", "no_proxy"),
)
"""What of a connection has nothing to do with who we are."""

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


class KubernetesClient:
    """Typed APIs of the official client as attributes: `.core`, `.custom`, ...

    Nothing is read or imported before the first of them is used. Errors of calls are the official
    client's `ApiException`; `calling` turns them into ours.
    """

    def __init__(self, kubeconfig: Path | None = None, context: str | None = None) -> None:
        self._kubeconfig = kubeconfig
        self._context = context

    @classmethod
    def from_settings(cls, settings: KubernetesSettings) -> KubernetesClient:
        """The client that the configuration asks for."""
        return cls(settings.kubeconfig, settings.context)

    @property
    def is_configured(self) -> bool:
        """Whether there is a kubeconfig or a service account to try."""
        return self._file() is not None or _in_cluster()

    @cached_property
    def api_client(self) -> api.ApiClient:
        """The configured connection. Raises ConfigurationError, of one line."""
        from kubernetes import config
        from kubernetes.client import Configuration

        settings = Configuration()
        settings.retries = 1  # urllib3's three more attempts only delay the verdict
        file = self._file()
        if file is not None:
            self._load(file, settings)
        elif _in_cluster():
            config.load_incluster_config(client_configuration=settings)
        else:
            raise ConfigurationError(
                "no access to Kubernetes: there is no kubeconfig at $KUBECONFIG or ~/.kube/config "
                "and this is no pod; name one with --kf-kubeconfig"
            )

        if settings.proxy is None and (proxy := proxy_for(settings.host)) is not None:
            settings.proxy, settings.proxy_headers = proxy.url, dict(proxy.headers)

        return _patient_client(settings)

    def with_token(self, token: Secret) -> KubernetesClient:
        """The same API server, asked with this bearer token and nothing else of ours."""
        from kubernetes.client import Configuration

        ours, theirs = self.api_client.configuration, Configuration()
        for same in _SAME:
            setattr(theirs, same, getattr(ours, same))
        theirs.api_key = {"authorization": f"Bearer {token.reveal()}"}
        other = KubernetesClient(self._kubeconfig, self._context)
        other.api_client = _patient_client(theirs)
        return other

    def _file(self) -> str | None:
        """The kubeconfig(s) to read, as the official client takes them."""
        if self._kubeconfig is not None:
            return str(self._kubeconfig)
        from_environment = os.environ.get("KUBECONFIG")
        if from_environment:
            return from_environment
        usual = Path.home() / ".kube" / "config"
        return str(usual) if usual.is_file() else None

    def _load(self, file: str, settings: Any) -> None:
        import yaml
        from kubernetes import config

        if self._kubeconfig is None and not any(map(os.path.isfile, file.split(os.pathsep))):
            raise ConfigurationError(f"there is no kubeconfig at {file} (from $KUBECONFIG)")
        try:
            if self._context is not None:
                contexts, _ = config.list_kube_config_contexts(file)
                names = [one["name"] for one in contexts]
                if self._context not in names:
                    raise ConfigurationError(
                        f"there is no context {self._context!r} in {file}; "
                        f"contexts there: {', '.join(names) or 'none'}"
                    )
            with _overheard() as complaints:
                config.load_kube_config(
                    file, self._context, client_configuration=settings, persist_config=False
                )
        except (config.ConfigException, yaml.YAMLError, OSError, ValueError) as error:
            said = " ".join(str(error).split())
            raise ConfigurationError(f"the kubeconfig {file} cannot be used: {said}") from error
        except (AttributeError, KeyError, TypeError) as error:
            # The official loader takes the shape of the file for granted.
            raise ConfigurationError(
                f"the kubeconfig {file} cannot be used: it is YAML, but no kubeconfig"
            ) from error
        if complaints and not settings.api_key and settings.cert_file is None:
            raise ConfigurationError(
                f"the kubeconfig {file} cannot be used: its exec plugin fails: {complaints[-1]}"
            )

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
        self, verb: str, resource: str, *, group: str = "", namespace: str | None = None
    ) -> bool:
        """Whether the API server would let us `verb` this resource (in `namespace`).

        A subresource follows after a slash: "pods/log".
        """
        from kubernetes import client

        name, _, subresource = resource.partition("/")
        attributes = client.V1ResourceAttributes(
            group=group,
            namespace=namespace,
            resource=name,
            subresource=subresource or None,
            verb=verb,
        )
        review = client.V1SelfSubjectAccessReview(
            spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes)
        )
        with calling(f"ask whether we may {verb} {resource}"):
            answer = self.authorization.create_self_subject_access_review(review)
        return bool(answer.status.allowed)

    def close(self) -> None:
        """Close the connections, if any were made."""
        if "api_client" in vars(self):
            self.api_client.close()


def _patient_client(settings: Any) -> api.ApiClient:
    from kubernetes.client import ApiClient

    class PatientClient(ApiClient):  # type: ignore[misc]  # the base class has no types
        """No call waits for ever: what has no timeout of its own gets ours."""

        def request(self, *args: Any, **kwargs: Any) -> Any:
            if kwargs.get("_request_timeout") is None:
                kwargs["_request_timeout"] = (CONNECT_TIMEOUT, READ_TIMEOUT)
            return super().request(*args, **kwargs)

    return PatientClient(settings)


@contextmanager
def calling(what: str) -> Iterator[None]:
    """Turn the errors of Kubernetes calls inside into ours. `what` completes "cannot ..."."""
    from kubernetes.client import ApiException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ApiException as error:
        raise _translated(error, what) from error
    except HTTPError as error:
        raise ClusterUnreachable(
            f"cannot {what}: the Kubernetes API does not answer ({innermost(error)})"
        ) from error


def _translated(error: api.ApiException, what: str) -> KubeflowError:
    try:
        told = json.loads(error.body).get("message") or error.reason
    except (TypeError, ValueError, AttributeError):
        told = error.reason or error.body
    kinds = {401: AuthenticationError, 403: PermissionDenied, 404: NotFound}
    kind = kinds.get(error.status, KubeflowError)
    message = " ".join(str(told).split())
    return kind(f"cannot {what}: Kubernetes answers {error.status}: {message}")


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """The errors that are logged inside.

    Of an exec plugin that fails, the official loader only logs what it says, and goes on without
    credentials.
    """
    told: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.module == "kube_config":
                told.append(" ".join(record.getMessage().split()))

    listener = Listener(logging.ERROR)
    logging.getLogger().addHandler(listener)
    try:
        yield told
    finally:
        logging.getLogger().removeHandler(listener)


def _in_cluster() -> bool:
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and _ACCOUNT.is_file()
