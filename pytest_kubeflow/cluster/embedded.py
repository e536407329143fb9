"""The embedded Kubeflow behind --kf-host=local: the only module that knows pytest_kubeflow.local.

It starts in the background, so that imports and collection go on beside it, and is a cluster like
any other from then on: `configured` gives the configuration with its addresses.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_kubeflow.config.groups.images import ImageSettings
from pytest_kubeflow.config.groups.local import LocalSettings
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import ClusterUnreachable, ConfigurationError, KubeflowError
from pytest_kubeflow.redaction import Secret

if TYPE_CHECKING:
    from pytest_kubeflow.local.cluster import LocalKubeflow
    from pytest_kubeflow.local.endpoints import Endpoints


_ABSENT = re.compile(r"No module named '(\w+)")


class Embedded:
    """One embedded Kubeflow; `start` returns at once, `endpoints` waits for it.

    Its users have a random password, or, where a `password` was configured, whether or not that is
    right, the one of the example installation.
    """

    def __init__(self, settings: LocalSettings, *, password: Secret | None = None) -> None:
        try:
            from pytest_kubeflow.local.cluster import LocalKubeflow
            from pytest_kubeflow.local.faults import FAULTS, no_such_fault
        except ImportError as error:
            raise _missing(error) from error
        if unknown := sorted(set(settings.faults) - FAULTS.keys()):
            raise ConfigurationError(f"--kf-local-fault: {no_such_fault(unknown[0])}")
        is_default = password is not None or "default-password-valid" in settings.faults
        self._cluster: LocalKubeflow = LocalKubeflow(
            multi_user=settings.mode == "multi-user",
            faults=settings.faults,
            strict=settings.strict,
            pod_network=settings.pod_network,
            trainer=settings.trainer,
            training_operator=settings.training_operator,
            password=None if is_default else secrets.token_urlsafe(12),
        )
        self._thread = threading.Thread(target=self._start, name="embedded-kubeflow", daemon=True)
        self._endpoints: Endpoints | None = None
        self._error: Exception | None = None

    def start(self) -> None:
        """Begin to start it."""
        self._thread.start()

    def _start(self) -> None:
        try:
            self._endpoints = self._cluster.start()
        except Exception as error:  # noqa: BLE001  re-raised by endpoints(), in the right thread
            self._error = error

    def endpoints(self) -> Endpoints:
        """Where it is, once it is up. Raises ClusterUnreachable if it did not start."""
        self._thread.join()
        if self._endpoints is None:
            raise _described(self._error) from self._error
        return self._endpoints

    def stop(self) -> None:
        """Stop it; returns when its processes, mounts and files are gone."""
        self._thread.join()
        self._cluster.stop()

    def configured(self, config: KubeflowConfig) -> KubeflowConfig:
        """`config` with this cluster's addresses and credentials."""
        return with_endpoints(config, self.endpoints())


def with_endpoints(config: KubeflowConfig, endpoints: Endpoints) -> KubeflowConfig:
    """`config` for the cluster at `endpoints`.

    Its host and kubeconfig are the only ones that there can be; a user, password or key that was
    configured stays, so that wrong ones can be tried.
    """
    gateway, s3, images = config.gateway, config.s3, config.images
    password = Secret(endpoints.password) if endpoints.password else None
    return replace(
        config,
        gateway=replace(
            gateway,
            host=endpoints.host,
            username=gateway.username or endpoints.username,
            password=gateway.password or password,
        ),
        kubernetes=replace(config.kubernetes, kubeconfig=endpoints.kubeconfig, context=None),
        images=_with_registry(images, endpoints),
        s3=replace(
            s3,
            endpoint=s3.endpoint or endpoints.s3_endpoint,
            access_key=s3.access_key or Secret(endpoints.s3_access_key),
            secret_key=s3.secret_key or Secret(endpoints.s3_secret_key),
        ),
    )


def _with_registry(images: ImageSettings, endpoints: Endpoints) -> ImageSettings:
    """The cluster's own registry, unless another one was configured."""
    registry = endpoints.registry
    if registry is None or images.registry not in {None, registry.address}:
        return images
    return replace(
        images,
        registry=registry.address,
        username=images.username or registry.username,
        password=images.password or Secret(registry.password),
    )


def write_endpoints(endpoints: Endpoints) -> Path:
    """Write them, secrets and all, to a new file that only its owner may read."""
    descriptor, name = tempfile.mkstemp(prefix="kubeflow-endpoints-", suffix=".json")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(endpoints.to_json())
    return Path(name)


def read_endpoints(path: Path) -> Endpoints:
    """What `write_endpoints` wrote."""
    from pytest_kubeflow.local.endpoints import Endpoints

    return Endpoints.from_json(path.read_text(encoding="utf-8"))


def _described(error: Exception | None) -> KubeflowError:
    """Why it did not start, in one line: of a traceback that is the last."""
    lines = str(error).strip().splitlines() or ["it gave no reason"]
    absent = _ABSENT.search(lines[-1])
    if absent and absent[1] != "pytest_kubeflow":
        return _missing(lines[-1])
    message = lines[0] if len(lines) == 1 else f"the embedded cluster did not start: {lines[-1]}"
    return ClusterUnreachable(
        f"--kf-host=local: {message} (python -m pytest_kubeflow.local shows all that it says)"
    )


def _missing(error: object) -> ConfigurationError:
    return ConfigurationError(
        "--kf-host=local needs the embedded Kubeflow, which is not installed "
        f"({error}): pip install 'pytest-kubeflow[local]'"
    )
