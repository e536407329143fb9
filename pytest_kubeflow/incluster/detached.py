"""DetachedRuns: sessions that run inside the cluster while whoever began them is away."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.errors import ConfigurationError, KubeflowError, NotFound, PermissionDenied
from pytest_kubeflow.incluster.kinds import BY_NAME, JOB, found_by
from pytest_kubeflow.incluster.objects import NAME
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.sessions.ownership import MANAGED_BY, MANAGER, RUN_ID, Ownership, is_ours
from pytest_kubeflow.waiting import Deadline, wait_until

PREFIX = "kf-run-"
"""How their Jobs are called, before their id."""

_SESSIONS = f"{NAME}=pytest-kubeflow"
_OURS = f"{MANAGED_BY}={MANAGER}"
_RIGHTS = frozenset({"ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"})


@dataclass(frozen=True, slots=True)
class DetachedRun:
    """One of them, as the cluster has it now."""

    job: Any
    pod: Any | None
    """None: not made yet, or removed after its deadline."""

    @property
    def name(self) -> str:
        """That of the Job, and of the folder with its reports."""
        return str(self.job.metadata.name)

    @property
    def run_id(self) -> str:
        """What its objects have as a label."""
        return str(self.job.metadata.labels[RUN_ID])

    @property
    def claim(self) -> str:
        """The claim with its reports."""
        for one in self.job.spec.template.spec.volumes:
            if one.persistent_volume_claim is not None:
                return str(one.persistent_volume_claim.claim_name)
        raise NotFound(f"Job {self.name} has no volume claim")

    @property
    def image(self) -> str:
        """That of its session, which has python3."""
        return str(self.job.spec.template.spec.containers[0].image)

    @property
    def pull_secrets(self) -> tuple[str, ...]:
        """The Secrets by which the image is pulled."""
        return tuple(one.name for one in self.job.spec.template.spec.image_pull_secrets or ())

    @property
    def condition(self) -> Any | None:
        """How it ended; None while it runs."""
        found = [one for one in self.job.status.conditions or [] if one.status == "True"]
        return next((one for one in found if one.type in {"Complete", "Failed"}), None)

    @property
    def is_over(self) -> bool:
        """Whether its session has ended: that of a Job whose deadline has passed may end still."""
        gone = self.pod is None or self.pod.status.phase in {"Succeeded", "Failed"}
        return self.condition is not None and gone


class DetachedRuns:
    """Those of one namespace. Methods raise KubeflowErrors."""

    def __init__(self, kubernetes: KubernetesClient, namespace: str) -> None:
        self.kubernetes = kubernetes
        self.namespace = namespace

    def submit(
        self,
        documents: Sequence[Mapping[str, Any]],
        ownership: Ownership,
        *,
        account: str | None = None,
        secrets: Mapping[str, str] | None = None,
        secret_name: str = "",
    ) -> list[str]:
        """Make the objects of a manifest as ours; what was made, for people.

        With an `account` that is there its rights are what they are. `secrets` become a Secret. If
        one cannot be made, those before it are removed again.
        """
        labels = ownership.labels()
        made = []
        try:
            for one in self._documents(documents, account, secrets or {}, secret_name):
                metadata = one["metadata"]
                metadata["labels"] = {**metadata.get("labels", {}), **labels}
                BY_NAME[one["kind"]].create(self.kubernetes, one)
                made.append(f"{one['kind']} {metadata['name']}")
        except KubeflowError:
            with contextlib.suppress(KubeflowError):
                for kind, found in found_by(self.kubernetes, self.namespace, ownership.selector):
                    kind.delete(self.kubernetes, found)
            raise
        return made

    def _documents(
        self,
        documents: Sequence[Mapping[str, Any]],
        account: str | None,
        secrets: Mapping[str, str],
        secret_name: str,
    ) -> Iterator[dict[str, Any]]:
        if secrets:
            yield {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": secret_name, "namespace": self.namespace},
                "stringData": dict(secrets),
            }
        for one in documents:
            if account is not None and one["kind"] in _RIGHTS:
                continue
            copied = {**one, "metadata": dict(one["metadata"])}
            if account is not None and one["kind"] == "Job":
                copied["spec"]["template"]["spec"]["serviceAccountName"] = account
            yield copied

    def running(self) -> list[Any]:
        """Jobs of sessions that have not ended, of whoever began them: all that we may see."""
        jobs = []
        try:
            with calling("list Jobs"):
                jobs = self._batch.list_job_for_all_namespaces(label_selector=_SESSIONS).items
        except PermissionDenied:
            jobs = JOB.listed(self.kubernetes, self.namespace, _SESSIONS)
        return [one for one in jobs if DetachedRun(one, None).condition is None]

    def listed(self) -> list[DetachedRun]:
        """All in this namespace, the oldest first."""
        jobs = JOB.listed(self.kubernetes, self.namespace, f"{_SESSIONS},{_OURS}")
        jobs.sort(key=lambda one: one.metadata.creation_timestamp)
        return [self._run(one) for one in jobs]

    def find(self, name: str) -> DetachedRun:
        """By the name of its Job or its id. Raises NotFound, or PermissionDenied if not ours."""
        full = name if name.startswith(PREFIX) else f"{PREFIX}{name}"
        try:
            with calling(f"read Job {self.namespace}/{full}"):
                job = self._batch.read_namespaced_job(full, self.namespace)
        except NotFound:
            there = ", ".join(one.name for one in self.listed()) or "none"
            raise NotFound(
                f"there is no run {name!r} in namespace {self.namespace}; there are: {there}"
            ) from None
        if not is_ours(job.metadata.labels):
            raise PermissionDenied(
                f"Job {self.namespace}/{full} was not made by kf-run: it is left alone"
            )
        return self._run(job)

    def delete(self, run: DetachedRun, *, deadline: Deadline) -> Iterator[str]:
        """Remove all that `submit` has made; yields what. The session's own end is waited for."""
        selector = f"{_OURS},{RUN_ID}={run.run_id}"
        for kind, found in found_by(self.kubernetes, self.namespace, selector):
            if not is_ours(found.metadata.labels):
                raise ConfigurationError(f"{kind.name} {found.metadata.name} is not ours")
            if kind.delete(self.kubernetes, found):
                yield f"{kind.name} {found.metadata.name}"
            if kind is JOB:
                # What the session made it removes with the account that goes next.
                wait_until(
                    lambda: self._pod(run.name),
                    lambda pod: pod is None,
                    deadline=deadline,
                    what=f"the pod of {run.name} to end",
                    describe=lambda pod: "" if pod is None else str(pod.status.phase),
                )

    def _run(self, job: Any) -> DetachedRun:
        return DetachedRun(job, self._pod(job.metadata.name))

    def _pod(self, job: str) -> Any | None:
        with calling(f"list the pods of Job {self.namespace}/{job}"):
            found = self.kubernetes.core.list_namespaced_pod(
                self.namespace, label_selector=f"job-name={job}"
            ).items
        return found[-1] if found else None

    @property
    def _batch(self) -> Any:
        from kubernetes import client

        return client.BatchV1Api(self.kubernetes.api_client)
