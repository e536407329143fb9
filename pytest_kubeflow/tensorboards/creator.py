"""TensorboardCreator: makes TensorBoards, remembers them, removes them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from pytest_kubeflow.deletion import deletions, in_turn
from pytest_kubeflow.errors import ConfigurationError, NotFound, PermissionDenied
from pytest_kubeflow.k8s.client import calling
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.tensorboards.access import TensorboardAccess
from pytest_kubeflow.tensorboards.errors import TensorboardFailed
from pytest_kubeflow.tensorboards.readiness import GROUP, KIND, PLURAL, VERSION
from pytest_kubeflow.tensorboards.tensorboard import Tensorboard

APP, RESOURCE = "app", "resource"


class TensorboardCreator:
    """Makes TensorBoards: `made = tensorboard("pvc://claim/logs")`.

    `tensorboards` are those that it made; `close` removes them, newest first.
    """

    def __init__(self, access: TensorboardAccess) -> None:
        self._access = access
        self.tensorboards: list[Tensorboard] = []

    def __call__(
        self,
        logspath: str,
        *,
        name: str | None = None,
        by: str = APP,
        configurations: Sequence[str] = (),
        shares_name: bool = False,
        wait: bool = True,
        timeout: float | None = None,
    ) -> Tensorboard:
        """Make one and wait until it responds through the gateway (unless `wait=False`).

        `logspath` is where the event files are: "pvc://CLAIM/DIRECTORY", "s3://...", "gs://...".
        `by` is "app", as a person does it in the browser, or "resource", by the object alone.
        `configurations` are the labels of PodDefaults. With `shares_name` its name may be that of
        a Service, which its controller then writes over.
        Raises TensorboardFailed where the name is taken, or it will not be ready; WaitTimeout.
        """
        if by not in {APP, RESOURCE}:
            raise ConfigurationError(
                f"by={by!r} is no way to make a TensorBoard; valid: app, resource"
            )
        check_logspath(logspath)
        name = name or self._access.cluster.ownership.name("tensorboard")
        made = Tensorboard(self._access, name, by_app=by == APP)
        if not shares_name:
            self._check_free(name)
        if by == APP:
            self._access.app.create(
                made.namespace, name, logspath=logspath, configurations=configurations
            )
            self._label(name)
        else:
            self._by_resource(name, logspath, configurations)
        MADE.add("tensorboard")
        self.tensorboards.append(made)
        return made.wait_ready(timeout) if wait else made

    def _check_free(self, name: str) -> None:
        """The controller would write over a Service that is called so."""
        namespace = self._access.namespace
        try:
            with calling(f"read Service {namespace}/{name}"):
                found = self._access.cluster.kubernetes.core.read_namespaced_service(
                    name, namespace
                )
        except NotFound:
            return
        owners = [one for one in found.metadata.owner_references or () if one.controller]
        whose = f", which belongs to {owners[0].kind} {owners[0].name}" if owners else ""
        raise TensorboardFailed(
            f"there is a Service {namespace}/{name} already{whose}: the tensorboard controller "
            "would write over it; take another name, or none"
        )

    def _label(self, name: str) -> None:
        """With our labels an interrupted session's is found again; not all users may give any."""
        namespace = self._access.namespace
        metadata = {"labels": self._access.cluster.ownership.labels()}
        with contextlib.suppress(PermissionDenied), calling(f"patch {KIND} {namespace}/{name}"):
            self._access.cluster.kubernetes.custom.patch_namespaced_custom_object(
                GROUP, VERSION, namespace, PLURAL, name, {"metadata": metadata}
            )

    def _by_resource(self, name: str, logspath: str, configurations: Sequence[str]) -> None:
        namespace = self._access.namespace
        labels = {
            **dict.fromkeys(configurations, "true"),
            **self._access.cluster.ownership.labels(),
        }
        body = {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": KIND,
            "metadata": {"name": name, "labels": labels},
            "spec": {"logspath": logspath},
        }
        with calling(f"create {KIND} {namespace}/{name}"):
            self._access.cluster.kubernetes.custom.create_namespaced_custom_object(
                GROUP, VERSION, namespace, PLURAL, body
            )

    def close(self) -> None:
        """Remove them, and wait until they are gone; the first error is raised."""
        in_turn([*deletions(self.tensorboards), self.tensorboards.clear])


def check_logspath(logspath: str) -> str:
    """`logspath` if a TensorBoard can look there. Raises ConfigurationError if not."""
    scheme, separator, rest = logspath.partition("://")
    claim, _, directory = rest.partition("/")
    if not logspath.strip() or (separator and not claim):
        raise ConfigurationError(
            f"{logspath!r} is no place for a TensorBoard to look; valid: pvc://CLAIM/DIRECTORY, "
            "s3://BUCKET/..., gs://BUCKET/..."
        )
    if scheme == "pvc" and ".." in directory.split("/"):
        raise ConfigurationError(
            f"{logspath!r} leads out of its claim: Kubernetes mounts no such directory"
        )
    return logspath
