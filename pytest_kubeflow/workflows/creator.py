"""WorkflowCreator: makes Workflows, remembers them, removes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_kubeflow.config.imagemirror import ImageMirrors
from pytest_kubeflow.deletion import deletions, in_turn
from pytest_kubeflow.errors import ConfigurationError, KubeflowError, NotFound, PermissionDenied
from pytest_kubeflow.k8s.client import calling
from pytest_kubeflow.k8s.pods.run_pods import RUN_ID
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.workflows.errors import WorkflowFailed
from pytest_kubeflow.workflows.manifest import KIND, WorkflowManifest, check_name
from pytest_kubeflow.workflows.workflow import Workflow, WorkflowAccess

_RUN_ID = re.compile(r"[0-9A-Za-z]([-\w.]{0,61}[0-9A-Za-z])?", re.ASCII)
"""The value of a label."""

EDITOR = "default-editor"
"""The account of profiles that may write down what pods of Workflows come to."""

RUNNER = "pipeline-runner"
"""The account of runs in stand-alone pipelines, which may as well."""


class WorkflowCreator:
    """Makes Workflows from manifests. `mirrors` are for their images.

    `workflows` are those that it made; `close` removes them.
    """

    def __init__(self, access: WorkflowAccess, *, mirrors: ImageMirrors | None = None) -> None:
        self._access = access
        self._mirrors = mirrors or ImageMirrors()
        self.workflows: list[Workflow] = []
        self._editors: dict[str, str] = {}

    def __call__(
        self,
        manifest: Mapping[str, Any] | str | Path,
        *,
        arguments: Mapping[str, Any] | None = None,
        service_account: str | None = None,
        name: str | None = None,
        namespace: str | None = None,
    ) -> Workflow:
        """Make a Workflow; returns at once.

        Of the `manifest` (a dictionary, YAML, or the path of a file of it) name, namespace and
        labels are changed, `arguments` are values of its parameters, and its service account is set
        where it names none: `service_account`, or that of pipelines in the namespace, if there is
        one: a profile's default-editor, the pipeline-runner of stand-alone pipelines.
        With `service_account=""` it stays without. `namespace` is another than the session's.
        Raises ConfigurationError for what is no Workflow and for fields that Argo does not know,
        before anything is sent; WorkflowFailed where the name is taken.
        """
        access = self._access
        if namespace is not None:
            access = replace(access, namespace=namespace)
        read = WorkflowManifest.read(manifest)
        name = check_name(name or access.cluster.ownership.name("workflow"))
        if service_account is None:
            service_account = "" if read.service_account else self._editor(access)
        body = read.named(
            name,
            access.namespace,
            access.cluster.ownership.labels(),
            service_account=service_account,
            arguments=arguments,
        )
        body = self._mirrors.in_manifest(body)
        _create(access, name, body)
        MADE.add("workflow")
        made = Workflow(access, name)
        self.workflows.append(made)
        return made

    def of_run(self, run_id: str) -> Workflow:
        """The Workflow that a run of a pipeline is made of: it is the run's, and goes with it.

        Raises NotFound where there is none (any more), ConfigurationError for what is no run's id.
        """
        access = self._access
        if not isinstance(run_id, str) or not _RUN_ID.fullmatch(run_id):
            raise ConfigurationError(f"{run_id!r} is no id of a run: give run.run_id")
        with calling(f"look for the Workflow of run {run_id}"):
            found = access.cluster.kubernetes.custom.list_namespaced_custom_object(
                KIND.group,
                KIND.version,
                access.namespace,
                KIND.plural,
                label_selector=f"{RUN_ID}={run_id}",
            )["items"]
        if not found:
            raise NotFound(f"run {run_id} has no Workflow in {access.namespace} (any more)")
        return Workflow(access, found[0]["metadata"]["name"])

    def _editor(self, access: WorkflowAccess) -> str:
        """The account to run as where a manifest names none; "" where there is no such one."""
        if access.namespace not in self._editors:
            self._editors[access.namespace] = next(
                (one for one in (EDITOR, RUNNER) if _may_be_there(access, one)), ""
            )
        return self._editors[access.namespace]

    def close(self) -> None:
        """Remove the Workflows, and wait until nothing of them is left; raises the first error.

        All deletions begin before the first is waited for.
        """
        in_turn([*deletions(self.workflows), self.workflows.clear])


def _may_be_there(access: WorkflowAccess, account: str) -> bool:
    """Who may not look for an account is in a profile like as not, where the first one is."""
    try:
        with calling(f"read service account {access.namespace}/{account}"):
            access.cluster.kubernetes.core.read_namespaced_service_account(
                account, access.namespace
            )
    except NotFound:
        return False
    except PermissionDenied:
        return True
    return True


def _create(access: WorkflowAccess, name: str, body: Mapping[str, Any]) -> None:
    made = access.at(name)
    try:
        made.create(body)
    except KubeflowError as error:
        if "already exists" not in error.message:
            raise
        raise WorkflowFailed(
            f"there is a {made} already: left as it is; take another name, or none"
        ) from error
