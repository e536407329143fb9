"""`argoexec wait`: keeps what a pod's main container gives, when it has ended.

It says what that is by a WorkflowTaskResult, which it makes with the rights of the pod's account.
Source: argo-workflows v3.7.3 cmd/argoexec/commands/wait.go, workflow/executor/executor.go and
taskresult.go.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import io
import shutil
import tarfile
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.patient import is_passing
from pytest_kubeflow.local.kube.resources import WORKFLOW_TASK_RESULTS
from pytest_kubeflow.local.kubelet.images.hosted import HostedContainer
from pytest_kubeflow.local.workflows.executor.pod import (
    ExecutorError,
    ExecutorPod,
    read_file,
    reason,
)
from pytest_kubeflow.local.workflows.executor.stores import Resolve, Stores, put, relocated
from pytest_kubeflow.local.workflows.podspec import LABEL, MAIN
from pytest_kubeflow.local.workflows.scope import text_of

Json = Any
REPORTED = "workflows.argoproj.io/report-outputs-completed"
FAILED = 64
_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 a path
_SCRATCH = "/tmp"  # noqa: S108 a directory of the container
_LONGEST_RESULT = 256 << 10
_PAUSES = (0.2, 5.0)


class AccountClient(KubeClient):
    """The API server by way of `anonymous`, as whom a token makes one."""

    def __init__(self, anonymous: KubeClient, token: str) -> None:
        self.credentials = anonymous.credentials
        self._client = anonymous
        self._token = token

    async def settles(self) -> bool:
        return await self._client.settles()

    async def close(self) -> None:
        """Leave that to the other one."""

    @asynccontextmanager
    async def _open(
        self,
        method: str,
        path: str,
        params: dict[str, Any] | None = None,
        *,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {"Authorization": f"Bearer {self._token}", **(headers or {})}
        async with self._client._open(method, path, params, headers=headers, **options) as response:
            yield response


class Wait:
    """What containers called `wait` do.

    `mighty` may everything, which is for a fault alone.
    """

    def __init__(
        self, mighty: KubeClient, anonymous: KubeClient, resolve: Resolve, faults: Faults
    ) -> None:
        self._mighty = mighty
        self._anonymous = anonymous
        self._resolve = resolve
        self._faults = faults
        self._running: dict[tuple[str, str], ExecutorPod] = {}

    def terminate(self, namespace: str, name: str) -> None:
        """Have the program of a pod's main container end, as its emissary does when told."""
        pod = self._running.get((namespace, name))
        if pod is not None:
            with contextlib.suppress(OSError):
                pod.write(pod.ran_file("ctr", MAIN, "signal"), b"15", 0o666)

    async def __call__(self, container: HostedContainer) -> int:
        """The exit code."""
        pod = ExecutorPod(container)
        key = (pod.namespace, pod.name)
        self._running[key] = pod
        try:
            errors = await self._work(pod)
        finally:
            del self._running[key]
        if not errors:
            return 0
        await container.write("".join(f"executor error: {one}\n" for one in errors))
        container.explain(errors[0])
        return FAILED

    async def _work(self, pod: ExecutorPod) -> list[str]:
        """What has gone wrong, in its order."""
        errors: list[str] = []
        try:
            token = pod.place(_TOKEN).read_text()
        except OSError as error:
            token = ""
            errors.append(f"failed to read the account's token: {reason(error, _TOKEN)}")
        client: KubeClient = AccountClient(self._anonymous, token)
        if self._faults.active("workflow-rights-ignored"):
            client = self._mighty
        result = _TaskResult(client, pod, self._faults)
        outputs = copy.deepcopy(pod.template().get("outputs") or {})
        outputs.pop("artifacts", None)
        with _noted(errors):
            await result.save({})
        await pod.container.neighbour(MAIN).finished()
        with _noted(errors):
            await asyncio.to_thread(_capture, pod, outputs)
        with _noted(errors):
            await asyncio.to_thread(_save_parameters, pod, outputs)
        if self._faults.active("wrong-output"):
            _spoil(outputs)
        saving = _Artifacts(pod, Stores(pod, self._resolve), self._faults)
        artifacts: list[Json] = []
        with _noted(errors):
            await saving.save(artifacts)
        with _noted(errors):
            await saving.save_logs(artifacts)
        if artifacts:
            outputs["artifacts"] = artifacts
        with _noted(errors):
            await result.save({"outputs": outputs} if outputs else {})
        with _noted(errors):
            await result.finish()
        return errors


@contextlib.contextmanager
def _noted(errors: list[str]) -> Any:
    """Let an error be one of several: the executor goes on."""
    try:
        yield
    except ExecutorError as error:
        errors.append(str(error))
    except ApiError as error:
        errors.append(error.message)
    except (ApiUnreachableError, OSError) as error:
        errors.append(str(error))


class _TaskResult:
    """The WorkflowTaskResult of one pod."""

    def __init__(self, client: KubeClient, pod: ExecutorPod, faults: Faults) -> None:
        self._client = client
        self._pod = pod
        self._faults = faults
        self._made = False

    async def save(self, result: Object) -> None:
        """Make it, or change it to this. Raises ApiError."""
        if not self._made:
            try:
                await self._patiently(
                    self._client.create, WORKFLOW_TASK_RESULTS, self._object(result)
                )
            except ApiError as error:
                if error.reason != "AlreadyExists":
                    raise
            else:
                self._made = True
                return
        await self._patch(result)

    async def finish(self) -> None:
        """Say that nothing more will come. Raises ApiError."""
        await self._patch({"metadata": {"labels": {REPORTED: "true"}}})

    async def _patch(self, patch: Object) -> None:
        await self._patiently(
            lambda *one: self._client.patch(*one, namespace=self._pod.namespace),
            WORKFLOW_TASK_RESULTS,
            self._pod.node_id,
            patch,
        )

    async def _patiently(self, call: Any, *arguments: Any) -> None:
        """For as long as the API server refuses for now."""
        if self._faults.active("executor-forbidden"):
            raise ApiError(403, "Forbidden", self._forbidden())
        pause = _PAUSES[0]
        while True:
            settling = await self._client.settles()
            try:
                await call(*arguments)
            except ApiUnreachableError:
                pass
            except ApiError as error:
                unsettled = error.code in {401, 403} and settling
                if not (is_passing(error) or unsettled):
                    raise
            else:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, _PAUSES[1])

    def _forbidden(self) -> str:
        account = self._pod.container.pod["spec"].get("serviceAccountName", "default")
        namespace = self._pod.namespace
        return (
            "workflowtaskresults.argoproj.io is forbidden: User "
            f'"system:serviceaccount:{namespace}:{account}" cannot create resource '
            f'"workflowtaskresults" in API group "argoproj.io" in the namespace "{namespace}"'
        )

    def _object(self, result: Object) -> Object:
        pod = self._pod
        workflow = pod.variable("ARGO_WORKFLOW_NAME")
        return {
            "metadata": {
                "name": pod.node_id,
                "namespace": pod.namespace,
                "labels": {LABEL: workflow, REPORTED: "false"},
                "ownerReferences": [
                    {
                        "apiVersion": "argoproj.io/v1alpha1",
                        "kind": "Workflow",
                        "name": workflow,
                        "uid": pod.variable("ARGO_WORKFLOW_UID"),
                    }
                ],
            },
            **result,
        }


def _capture(pod: ExecutorPod, outputs: Json) -> None:
    """What the main container has printed, where somebody wants it."""
    if pod.variable("ARGO_INCLUDE_SCRIPT_OUTPUT") != "true":
        return
    path = pod.ran_file("ctr", MAIN, "stdout")
    try:
        text = pod.read(path).decode(errors="replace")
    except OSError as error:
        raise ExecutorError(reason(error, path)) from None
    outputs["result"] = text.removesuffix("\n")[-_LONGEST_RESULT:]


def _save_parameters(pod: ExecutorPod, outputs: Json) -> None:
    template = pod.template()
    for one in outputs.get("parameters") or ():
        source = one.get("valueFrom") or {}
        path = source.get("path")
        if not path:
            continue
        kept = pod.ran_file("outputs/parameters", path)
        try:
            if pod.in_image(template, path):
                text = pod.read(kept).decode(errors="replace")
            else:
                kept = f"/mainctrfs{path}"
                text = read_file(pod.mirrored(path)).decode(errors="replace")
        except OSError as error:
            if source.get("default") is None:
                raise ExecutorError(reason(error, kept)) from None
            text = text_of(source["default"])
        one["value"] = text.removesuffix("\n")


def _spoil(outputs: Json) -> None:
    for holder, key in (
        (outputs, "result"),
        *((one, "value") for one in outputs.get("parameters", ())),
    ):
        if str(holder.get(key, "")).isdecimal():
            holder[key] = str(int(holder[key]) + 1)


class _Artifacts:
    """The output artifacts of one pod, on their way to the store."""

    def __init__(self, pod: ExecutorPod, stores: Stores, faults: Faults) -> None:
        self._pod = pod
        self._stores = stores
        self._faults = faults
        self._template = pod.template()
        self._location = self._template.get("archiveLocation") or {}

    async def save(self, saved: list[Json]) -> None:
        """Store those that the template names. Raises ExecutorError."""
        complaints = []
        for one in (self._template.get("outputs") or {}).get("artifacts") or ():
            try:
                saved.append(await self._save(one))
            except ExecutorError as error:
                if not (error.missing and one.get("optional")):
                    complaints.append(str(error))
        if complaints:
            raise ExecutorError("".join(f"{one}; " for one in complaints))

    async def save_logs(self, saved: list[Json]) -> None:
        """Store the log of the main container, where the repository wants it.

        Raises ExecutorError.
        """
        if not self._location.get("archiveLogs"):
            return
        path = self._pod.ran_file("ctr", MAIN, "combined")
        try:
            source = self._pod.place(path)
            source.stat()
        except OSError as error:
            raise ExecutorError(reason(error, path)) from None
        saved.append(await self._store({"name": f"{MAIN}-logs"}, f"{MAIN}.log", source))

    async def _save(self, artifact: Json) -> Json:
        scratch = self._pod.place(_SCRATCH) / artifact["name"]
        try:
            name, source = await asyncio.to_thread(self._staged, artifact, scratch)
            return await self._store(artifact, name, source)
        finally:
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)

    async def _store(self, artifact: Json, name: str, source: Path) -> Json:
        made = copy.deepcopy(artifact)
        if not (made.get("s3") or {}).get("key"):
            key = (self._location.get("s3") or {}).get("key")
            if not key:
                raise ExecutorError("template artifact location not set")
            made["s3"] = {**(made.get("s3") or {}), "key": f"{key.rstrip('/')}/{name}"}
        store = relocated(made, self._location)
        bucket = await self._stores.bucket(store)
        if not self._faults.active("artifact-lost"):
            await asyncio.to_thread(put, bucket, store["key"], source)
        return made

    def _staged(self, artifact: Json, scratch: Path) -> tuple[str, Path]:
        """The last part of the key, and what is to be stored: the file itself, or an archive."""
        scratch.mkdir(parents=True, exist_ok=True)
        archive = artifact.get("archive") or {"tar": {}}
        path = artifact["path"]
        if self._pod.in_image(self._template, path):
            kept = self._pod.ran_file("outputs/artifacts", f"{path.rstrip('/')}.tgz")
            try:
                packed = self._pod.read(kept)
            except OSError as error:
                found = reason(error, kept)
                raise ExecutorError(found, missing=isinstance(error, FileNotFoundError)) from None
            if "tar" in archive:
                target = scratch / "packed"
                target.write_bytes(packed)
                return f"{artifact['name']}.tgz", target
            with tarfile.open(fileobj=io.BytesIO(packed)) as opened:
                opened.extractall(scratch / "plain", filter="data")
            source = next((scratch / "plain").iterdir())
        else:
            source = self._pod.mirrored(path)
            if not source.exists():
                raise ExecutorError(f"{path} no such file or directory", missing=True)
        base = path.rstrip("/").rpartition("/")[2]
        if "none" in archive:
            return base, source
        if "zip" in archive:
            return f"{artifact['name']}.zip", _zipped(source, scratch / "zipped")
        target = scratch / "packed"
        with tarfile.open(target, "w:gz") as made:
            made.add(source, arcname=base)
        return f"{artifact['name']}.tgz", target


def _zipped(source: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        if source.is_dir():
            for path in sorted(source.rglob("*")):
                archive.write(path, path.relative_to(source.parent))
        else:
            archive.write(source, source.name)
    return target
