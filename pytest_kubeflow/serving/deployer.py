"""ServiceDeployer: makes InferenceServices, remembers them, removes them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pytest_kubeflow.deletion import deletions, in_turn
from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.serving.errors import ServiceFailed
from pytest_kubeflow.serving.mesh import allow_owner, remove_policy
from pytest_kubeflow.serving.service import InferenceService, ServiceAccess
from pytest_kubeflow.serving.spec import ServiceSpec, check_name


class ServiceDeployer:
    """Deploys models: `service = inference_service("s3://bucket/model")`.

    `account` names the service account with the object store's keys, and makes it when it is first
    asked. `mode` is the deployment mode that was configured; None for the cluster's default.
    `services` are those that it made or expects; `close` removes them, newest first.
    """

    def __init__(
        self, access: ServiceAccess, *, account: Callable[[], str], mode: str | None = None
    ) -> None:
        self._access = access
        self._account = account
        self._mode = mode
        self._policies: list[str] = []
        self.services: list[InferenceService] = []

    def __call__(
        self,
        uri: str | None = None,
        *,
        name: str | None = None,
        wait: bool = True,
        timeout: float | None = None,
        **spec: Any,
    ) -> InferenceService:
        """Serve the model at `uri` and wait until it is ready (unless `wait=False`).

        `uri` is `s3://...`, or `minio://...` as KFP has it; a scikit-learn model is a directory
        with `model.joblib` in it. `spec` are the other fields of ServiceSpec: `model_format`,
        `container`, `resources`, `service_account`, `mode`, `min_replicas`, `max_replicas`, ...
        Raises ConfigurationError for what can never work, before anything is made; ServiceFailed
        where the name is taken, or the model does not load; WaitTimeout.
        """
        name = check_name(name or self._access.cluster.ownership.name("model"))
        wanted = ServiceSpec(uri=uri, **{"mode": self._mode, **spec})
        labels = self._access.cluster.ownership.labels()
        wanted.manifest(name, self._access.namespace, labels)  # judged before anything is made
        if wanted.service_account is None and uri is not None:
            wanted = ServiceSpec(
                uri=uri, **{"mode": self._mode, **spec, "service_account": self._account()}
            )
        policy = allow_owner(self._access.cluster, self._access.namespace, name)
        if policy:
            self._policies.append(policy)
        self._create(name, wanted.manifest(name, self._access.namespace, labels))
        service = self._handle(name, wanted.service_account or "", labels)
        self.services.append(service)
        return service.wait_ready(timeout) if wait else service

    def expect(self, purpose: str = "model") -> InferenceService:
        """A name for a service that something else will make, such as a pipeline.

        Whoever makes it takes `service.name`, `.namespace`, `.service_account` and `.labels`:
        without the labels it is not ours, and is left alone.
        """
        name = check_name(self._access.cluster.ownership.name(purpose))
        policy = allow_owner(self._access.cluster, self._access.namespace, name)
        if policy:
            self._policies.append(policy)
        labels = self._access.cluster.ownership.labels()
        service = self._handle(name, self._account(), labels)
        self.services.append(service)
        return service

    def _handle(self, name: str, account: str, labels: Mapping[str, str]) -> InferenceService:
        return InferenceService(self._access, name, service_account=account, labels=labels)

    def _create(self, name: str, manifest: dict[str, Any]) -> None:
        namespace = self._access.namespace
        try:
            self._access.read(name)
        except NotFound:
            pass
        else:
            raise ServiceFailed(
                f"there is an InferenceService {namespace}/{name} already: left as it is; "
                "take another name, or none"
            )
        self._access.at(name).create(manifest)
        MADE.add("inferenceservice")

    def close(self) -> None:
        """Remove the services and wait until they are gone. The first error is raised at the end.

        All deletions begin before the first is waited for.
        """
        policies = [partial(self._remove_policy, one) for one in reversed(self._policies)]
        in_turn([*deletions(self.services), self.services.clear, *policies, self._policies.clear])

    def _remove_policy(self, name: str) -> None:
        with contextlib.suppress(NotFound):
            remove_policy(self._access.cluster, self._access.namespace, name)
