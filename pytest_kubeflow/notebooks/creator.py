"""NotebookCreator: makes notebooks, remembers them, removes them and their claims."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pytest_kubeflow.config.imagemirror import ImageMirrors
from pytest_kubeflow.deletion import deletions, in_turn
from pytest_kubeflow.errors import ConfigurationError, KubeflowError, NotFound
from pytest_kubeflow.k8s.client import calling
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.k8s.sessions.ownership import RUN_ID
from pytest_kubeflow.notebooks.errors import NotebookFailed
from pytest_kubeflow.notebooks.notebook import Notebook, NotebookAccess
from pytest_kubeflow.notebooks.spec import (
    HOME,
    NewClaim,
    NotebookSpec,
    check_name,
)

APP, RESOURCE = "app", "resource"


class NotebookCreator:
    """Makes notebooks: `made = notebook()`, with a new claim at the home directory.

    `image` is what was configured; None for the one that the web app's form begins with.
    `mirrors` are for all of them. `notebooks` are those that it made; `close` removes them and
    their claims, newest first.
    """

    def __init__(
        self,
        access: NotebookAccess,
        *,
        image: str | None = None,
        mirrors: ImageMirrors | None = None,
    ) -> None:
        self._mirrors = mirrors or ImageMirrors()
        self._access = access
        self._image = image
        self.notebooks: list[Notebook] = []

    @property
    def image(self) -> str:
        """The image of notebooks for which none is named."""
        if self._image is not None:
            return self._image
        found = (self._access.app.config.get("image") or {}).get("value")
        if not found:
            raise ConfigurationError(
                "the web app for notebooks names no image (spawnerFormDefaults.image.value in its "
                "ConfigMap): give one with --kf-notebook-image"
            )
        return str(found)

    def __call__(
        self,
        *,
        name: str | None = None,
        by: str = APP,
        image: str | None = None,
        workspace: NewClaim | str | None = "new",
        volumes: Mapping[str, NewClaim | str] | None = None,
        configurations: Sequence[str] = (),
        wait: bool = True,
        timeout: float | None = None,
        **spec: Any,
    ) -> Notebook:
        """Make a notebook and wait until its server responds (unless `wait=False`).

        `by` is "app", as a person does it in the browser, or "resource", by the object alone.
        `workspace` is what is mounted at the home directory: "new" for a new claim, a NewClaim, the
        name of a claim that exists, or None. `volumes` are other claims by directory,
        `configurations` the labels of PodDefaults. `spec` are the other fields of NotebookSpec:
        `cpu`, `memory`, `env`, `command`, ...
        Raises ConfigurationError for what can never work, before anything is made; NotebookFailed
        where the name is taken, or it will not be ready; WaitTimeout.
        """
        if by not in {APP, RESOURCE}:
            raise ConfigurationError(
                f"by={by!r} is no way to make a notebook; valid: app, resource"
            )
        name = check_name(name or self._access.cluster.ownership.name("notebook"))
        mounts = dict(volumes or {})
        if workspace is not None:
            mounts[HOME] = self._new_claim() if workspace == "new" else workspace
        wanted = NotebookSpec(
            self._mirrors.of(image or self.image),
            mounts=mounts,
            configurations=tuple(configurations),
            **spec,
        )
        labels = self._access.cluster.ownership.labels()
        if by == APP:
            self._by_app(name, wanted, labels)
        else:
            self._by_resource(name, wanted, labels)
        MADE.add("notebook")
        claims = tuple(str(one["metadata"]["name"]) for one in wanted.claims(name, labels))
        made = Notebook(self._access, name, by_app=by == APP, claims=claims)
        self.notebooks.append(made)
        if loses := made.state.loses:
            warnings.warn(loses, stacklevel=2)
        return made.wait_ready(timeout) if wait else made

    def _new_claim(self) -> NewClaim:
        settings = self._access.cluster.config.kubernetes
        return NewClaim(settings.volume_size, settings.storage_class)

    def _by_app(self, name: str, wanted: NotebookSpec, labels: Mapping[str, str]) -> None:
        app, namespace = self._access.app, self._access.namespace
        form = wanted.form(name, namespace, labels, app.config)
        claims = [str(claim["metadata"]["name"]) for claim in wanted.claims(name, labels)]
        new = [claim for claim in claims if self._claim(claim) is None]
        try:
            app.create(namespace, form)
        except NotebookFailed:
            # It makes the claims first, and leaves them where the notebook is refused then.
            for claim in new:
                self._delete_claim(claim)
            raise
        # Its form has no field for labels of ours. They do not change the pod.
        self._access.patch(name, {"labels": dict(labels)})

    def _by_resource(self, name: str, wanted: NotebookSpec, labels: Mapping[str, str]) -> None:
        kubernetes, namespace = self._access.cluster.kubernetes, self._access.namespace
        try:
            self._access.read(name)
        except NotFound:
            pass
        else:
            raise NotebookFailed(
                f"there is a Notebook {namespace}/{name} already: left as it is; take another "
                "name, or none"
            )
        made = []
        try:
            for claim in wanted.claims(name, labels):
                called = str(claim["metadata"]["name"])
                with calling(f"create volume claim {namespace}/{called}"):
                    kubernetes.core.create_namespaced_persistent_volume_claim(namespace, claim)
                made.append(called)
            self._access.at(name).create(wanted.manifest(name, namespace, labels))
        except KubeflowError:
            for called in made:
                self._delete_claim(called)
            raise

    def close(self) -> None:
        """Remove notebooks and claims, and wait until they are gone; the first error is raised.

        All deletions begin before the first is waited for.
        """
        claims = [claim for one in reversed(self.notebooks) for claim in one.claims]
        removals = [partial(self._delete_claim, one) for one in claims]
        in_turn([*deletions(self.notebooks), *removals, self.notebooks.clear])

    def _delete_claim(self, name: str) -> None:
        namespace, found = self._access.namespace, self._claim(name)
        ours = self._access.cluster.ownership.labels()[RUN_ID]
        if found is None or (found.metadata.labels or {}).get(RUN_ID) != ours:
            return  # gone, or somebody else's, who was faster with the name
        try:
            with calling(f"delete volume claim {namespace}/{name}"):
                self._access.cluster.kubernetes.core.delete_namespaced_persistent_volume_claim(
                    name, namespace, body={"preconditions": {"uid": found.metadata.uid}}
                )
        except NotFound:
            return

    def _claim(self, name: str) -> Any:
        """The V1PersistentVolumeClaim; None if there is none."""
        namespace = self._access.namespace
        try:
            with calling(f"read volume claim {namespace}/{name}"):
                return self._access.cluster.kubernetes.core.read_namespaced_persistent_volume_claim(
                    name, namespace
                )
        except NotFound:
            return None
