"""JobCreator: makes training jobs, remembers them, removes them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_kubeflow.config.imagemirror import ImageMirrors
from pytest_kubeflow.deletion import deletions, in_turn
from pytest_kubeflow.errors import ConfigurationError, KubeflowError, NotFound
from pytest_kubeflow.k8s.objects.manifest import as_ours, read_manifest
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.redaction import Secret
from pytest_kubeflow.training.access import TrainingAccess
from pytest_kubeflow.training.errors import TrainingFailed, UnknownFields
from pytest_kubeflow.training.job import TrainingJob
from pytest_kubeflow.training.kinds import OPERATOR_JOBS, TRAIN_JOB, JobKind, kind_of
from pytest_kubeflow.training.podfields import PodFields
from pytest_kubeflow.training.spec import JobSpec

_WEBHOOK = "admission webhook"
_NO_NAMESPACE = re.compile(r'namespaces "[^"]+" not found')
_UNKNOWN = re.compile(r'unknown field "(?P<path>[^"]+)"')


Work = Callable[..., Any] | Sequence[str] | Mapping[str, Any] | str | Path


class JobCreator:
    """Makes training jobs of a function, of a command or of a manifest.

    `kind` is that of jobs of a function or a command, `image` that of those of the operator for
    which none is named. `jobs` are those that it made; `close` removes them.
    """

    def __init__(
        self,
        access: TrainingAccess,
        kind: JobKind = TRAIN_JOB,
        *,
        image: str,
        mirrors: ImageMirrors | None = None,
    ) -> None:
        self._access = access
        self.kind = kind
        self.image = image
        self._mirrors = mirrors or ImageMirrors()
        self.jobs: list[TrainingJob] = []
        self._pod_fields: list[PodFields] = list(PodFields)

    def __call__(
        self,
        work: Work,
        *,
        name: str | None = None,
        namespace: str | None = None,
        token: Secret | None = None,
        kind: str | None = None,
        **spec: Any,
    ) -> TrainingJob:
        """Make a job; returns at once.

        Of a function (`nodes=2, arguments={...}, helpers=(Ring,)`), whose source is sent and called
        on each node, or of a command, a list of words; `spec` are the other fields of JobSpec. Or
        of a manifest (a dictionary, YAML, or the path of a file of it), of which only name,
        namespace and labels are changed. `namespace` is another one than the session's, `token` is
        of the account that makes and reads it instead of the session. `kind` is "TFJob" or "MPIJob"
        of what would be a PyTorchJob.
        Raises ConfigurationError for what can never work, before anything is sent; TrainingFailed
        where the name is taken, where this cluster does not know a field, or with the words of the
        webhook that refuses it.
        """
        access = self._access
        if namespace is not None:
            access = dataclasses.replace(access, namespace=namespace)
        if token is not None:
            account = access.cluster.kubernetes.with_token(token)
            access = dataclasses.replace(access, account=account)
        name = name or access.cluster.ownership.name("train")
        if callable(work) or (isinstance(work, Sequence) and not isinstance(work, str)):
            job = self._of_work(access, self._kind(kind), name, work, spec)
        else:
            given = [*spec, *(["kind"] if kind else [])]
            if given:
                raise ConfigurationError(
                    f"{', '.join(given)}: for a function or a command; a manifest has its own"
                )
            job = self._of_manifest(access, name, work)
        MADE.add("training job")
        self.jobs.append(job)
        return job

    def serves(self, kind: str) -> bool:
        """Whether this cluster has jobs of this kind: "TFJob"."""
        found = self._kind(kind).kind.resource
        return found in self._access.cluster.capabilities.custom_resources

    @property
    def _kinds(self) -> tuple[JobKind, ...]:
        return (TRAIN_JOB,) if self.kind is TRAIN_JOB else OPERATOR_JOBS

    def _kind(self, wanted: str | None) -> JobKind:
        found = {one.name: one for one in self._kinds}
        if wanted is not None and wanted not in found:
            raise ConfigurationError(f"kind={wanted!r} is none; valid: {', '.join(found)}")
        return found[wanted] if wanted is not None else self.kind

    def _of_manifest(
        self, access: TrainingAccess, name: str, manifest: Mapping[str, Any] | str | Path
    ) -> TrainingJob:
        read = read_manifest(manifest, *(one.kind for one in self._kinds))
        kind = kind_of(read)
        job = TrainingJob(access, kind, kind.check_name(name))
        labels = access.cluster.ownership.labels()
        self._create(access, job, as_ours(read, name, access.namespace, labels))
        return job

    def _of_work(
        self,
        access: TrainingAccess,
        kind: JobKind,
        name: str,
        work: Callable[..., Any] | Sequence[str],
        fields: Mapping[str, Any],
    ) -> TrainingJob:
        known = [one.name for one in dataclasses.fields(JobSpec) if one.name != "work"]
        if unknown := [one for one in fields if one not in known]:
            raise ConfigurationError(
                f"{', '.join(unknown)}: no field of a {kind.name}; valid: {', '.join(known)}"
            )
        wanted = JobSpec(work, **fields)
        job = TrainingJob(access, kind, kind.check_name(name))
        labels = access.cluster.ownership.labels()
        if kind is not TRAIN_JOB:
            body = wanted.operator_job(kind, name, access.namespace, labels, self.image)
            self._create(access, job, body)
            return job
        while True:
            fields_of_release = self._pod_fields[0]
            body = wanted.train_job(name, access.namespace, labels, fields_of_release)
            try:
                self._create(access, job, body)
            except UnknownFields as error:
                if f"spec.{fields_of_release.value}" not in error.paths or not self._pod_fields[1:]:
                    raise
                # Another release: it will know the same of all jobs to come.
                self._pod_fields = self._pod_fields[1:]
            else:
                return job

    def _create(self, access: TrainingAccess, job: TrainingJob, body: Mapping[str, Any]) -> None:
        _create(access, job, self._mirrors.in_manifest(body))

    @property
    def pod_fields(self) -> PodFields:
        """By which field this cluster's Trainer lets jobs change their pods, as far as is known."""
        return self._pod_fields[0]

    def close(self) -> None:
        """Remove the jobs, and wait until nothing of them is left; raises the first error.

        All deletions begin before the first is waited for.
        """
        in_turn([*deletions(self.jobs), self.jobs.clear])


def _create(access: TrainingAccess, job: TrainingJob, body: Mapping[str, Any]) -> None:
    at = access.at(job.kind, job.name)
    try:
        at.create(body, strict=True)
    except NotFound as error:
        if _NO_NAMESPACE.search(error.message):
            raise
        raise TrainingFailed(f"{error.message}: {not_served(access, job.kind)}") from error
    except KubeflowError as error:
        if paths := _UNKNOWN.findall(error.message):
            raise UnknownFields(str(job), paths) from error
        if "already exists" in error.message:
            raise TrainingFailed(
                f"there is a {job} already: left as it is; take another name, or none"
            ) from error
        if _WEBHOOK not in error.message:
            raise
        # What follows is about policies of a cluster; this one says by itself what it wants.
        words = error.message.partition("; it is the admission webhook")[0]
        raise TrainingFailed(f"{job} is refused: {words}") from error


def not_served(access: TrainingAccess, kind: JobKind) -> str:
    """Why there is no such kind here: none at all, or another version of it, another operator's."""
    resource = kind.kind.resource
    if resource not in access.cluster.capabilities.custom_resources:
        return f"this cluster serves no {resource}"
    return (
        f"this cluster serves {resource} in another version than {kind.kind.version}, so that it "
        "is another operator's (mpi-operator has v2beta1), and two cannot share one definition "
        "(KF716 mpijobs-two-owners)"
    )
