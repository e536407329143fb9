"""Compiled pipelines of others on the embedded cluster: which of them end as they should.

`python -m benchmarks.conformance DIRECTORY [--table FILE] [--only PATTERN] [--jobs N]`

Each package below DIRECTORY is uploaded and run through `kfp.Client`, several side by side.
`conformance.toml` beside this file says what a package needs and how it ends, by its file's name;
one that is not in the table must succeed, with arguments made up for what has no default.

Prints a line for each package that did not end as it should (`failed`, with why) or asks for what
the embedded cluster does not have (`unsupported`, with what), and the counts. Exits with 1 if any
failed. It was made for test_data/sdk_compiled_pipelines of kubeflow/pipelines.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import io
import logging
import re
import sys
import time
import tomllib
import warnings
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kfp
from kubernetes import client, config

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.cluster import Endpoints, LocalKubeflow
from pytest_kubeflow.pipelines.runs.reasons import Reasons
from pytest_kubeflow.pipelines.tasks.workflow_nodes import read_nodes

TABLE = Path(__file__).with_suffix(".toml")
_SUFFIXES = frozenset({".yaml", ".yml", ".zip", ".gz", ".json"})
_FINAL = frozenset({"SUCCEEDED", "SKIPPED", "FAILED", "CANCELED"})
_POLL_SECONDS = 0.3
_UNSUPPORTED = "the embedded Kubeflow does not run "
_NO_IMAGE = ("ImagePullBackOff", "ErrImagePull", "InvalidImageName")
_SAMPLES = {
    "STRING": "text",
    "NUMBER_INTEGER": 3,
    "NUMBER_DOUBLE": 0.5,
    "BOOLEAN": True,
    "LIST": ["one", "two"],
    "STRUCT": {"A": "1", "B": "2"},
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a package did: `passed`, `failed`, `unsupported` or `left out`, and why."""

    kind: str
    why: str = ""
    seconds: float = 0.0


class Conformance:
    """Runs packages on one cluster as the member of its namespace."""

    def __init__(self, endpoints: Endpoints, table: Mapping[str, Any], *, seconds: float) -> None:
        self._namespace = endpoints.namespace
        self._table = table
        self._seconds = seconds
        self._kubernetes = KubernetesClient()
        self._kubernetes.api_client = config.new_client_from_config(str(endpoints.kubeconfig))
        self._core = client.CoreV1Api(self._kubernetes.api_client)
        request = {"spec": {"expirationSeconds": 7200}}
        token = self._core.create_namespaced_service_account_token(
            "default-editor", self._namespace, request
        ).status.token
        self._pipelines = kfp.Client(
            f"{endpoints.host}/pipeline", existing_token=token, namespace=self._namespace
        )
        made = self._pipelines.create_experiment("conformance", namespace=self._namespace)
        self._experiment = made.experiment_id
        self._resources = {
            name for node in self._core.list_node().items for name in node.status.allocatable
        }
        self._prepare(table.get("cluster") or {})

    def _prepare(self, needed: Mapping[str, Any]) -> None:
        """Make the objects that the packages expect to find."""
        for name, data in (needed.get("secrets") or {}).items():
            body = {"metadata": {"name": name}, "stringData": data}
            self._core.create_namespaced_secret(self._namespace, body)
        for name, data in (needed.get("config_maps") or {}).items():
            body = {"metadata": {"name": name}, "data": data}
            self._core.create_namespaced_config_map(self._namespace, body)
        for name in needed.get("claims") or ():
            spec = {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "100Mi"}},
            }
            body = {"metadata": {"name": name}, "spec": spec}
            self._core.create_namespaced_persistent_volume_claim(self._namespace, body)

    def check(self, package: Path, label: str) -> Verdict:
        """Upload and run one package; `label` is how it is called in this run."""
        wanted = self._entry(package)
        if why := wanted.get("leave_out"):
            return Verdict("left out", why)
        resource = wanted.get("needs")
        if resource and resource not in self._resources:
            return Verdict("unsupported", f"no node of this cluster has {resource}")
        began = time.monotonic()
        expected = wanted.get("ends", "SUCCEEDED")
        try:
            ended, why = self._run(package, label, wanted.get("arguments"))
        except _TimeoutError as error:
            ended, why = "UNFINISHED", str(error)
        seconds = time.monotonic() - began
        if ended == expected:
            return Verdict("passed", seconds=seconds)
        if _UNSUPPORTED in why:
            what = why.partition(_UNSUPPORTED)[2].partition('"')[0]
            return Verdict("unsupported", what, seconds)
        if any(reason in why for reason in _NO_IMAGE):
            image = re.search(r'"([^"]+)"', why)
            return Verdict("unsupported", f"the image {image[1] if image else why}", seconds)
        return Verdict("failed", f"{ended}, expected {expected}: {why}", seconds)

    def _entry(self, package: Path) -> Mapping[str, Any]:
        for pattern, entry in (self._table.get("packages") or {}).items():
            if fnmatch.fnmatchcase(package.as_posix(), f"*/{pattern}"):
                return dict(entry)
        return {}

    def _run(self, package: Path, label: str, arguments: Any) -> tuple[str, str]:
        """How it ended (REFUSED if it was not taken) and why."""
        try:
            uploaded = self._pipelines.upload_pipeline(
                str(package), pipeline_name=label, namespace=self._namespace
            )
            listed = self._pipelines.list_pipeline_versions(uploaded.pipeline_id)
            version = listed.pipeline_versions[0]
            run = self._pipelines.run_pipeline(
                self._experiment,
                label,
                pipeline_id=uploaded.pipeline_id,
                version_id=version.pipeline_version_id,
                params=arguments if arguments is not None else _made_up(version.pipeline_spec),
            )
        except Exception as error:  # noqa: BLE001 kfp and its parts raise many unrelated kinds
            return "REFUSED", _first_line(getattr(error, "body", None) or error)
        deadline = time.monotonic() + self._seconds
        while True:
            state = self._pipelines.get_run(run.run_id)
            if state.state in _FINAL:
                return state.state, self._reasons(state)
            if image := self._missing_image(run.run_id):
                self._pipelines.terminate_run(run.run_id)
                return "PENDING", image
            if time.monotonic() > deadline:
                self._pipelines.terminate_run(run.run_id)
                message = f"{state.state} after {self._seconds:.0f} s: {self._reasons(state)}"
                raise _TimeoutError(message.removesuffix(": "))
            time.sleep(_POLL_SECONDS)

    def _missing_image(self, run: str) -> str:
        """What a pod of the run waits for in vain: KFP tells of it only when the run has ended."""
        pods = self._core.list_namespaced_pod(
            self._namespace, label_selector=f"pipeline/runid={run}"
        )
        for pod in pods.items:
            for one in pod.status.container_statuses or ():
                if one.state.waiting and one.state.waiting.reason in _NO_IMAGE:
                    return f"{one.state.waiting.reason}: {one.state.waiting.message}"
        return ""

    def _reasons(self, run: Any) -> str:
        """Why a run has failed: its Workflow's nodes and the logs of its pods say it."""
        nodes = read_nodes(self._kubernetes, self._namespace, run.run_id)
        return _first_line(Reasons(nodes, self._log).run) if nodes is not None else ""

    def _log(self, pod: str) -> str:
        try:
            return str(self._core.read_namespaced_pod_log(pod, self._namespace, container="main"))
        except client.ApiException:
            return ""  # its container has not begun


class _TimeoutError(Exception):
    """A run did not end in time."""


def _made_up(spec: dict[str, Any]) -> dict[str, Any]:
    """An argument for each parameter that has no default."""
    spec = spec.get("pipeline_spec", spec)  # with a platform spec beside it
    if "root" not in spec:
        return {}  # a package of KFP 1, which is a Workflow
    parameters = (spec["root"].get("inputDefinitions") or {}).get("parameters") or {}
    return {
        name: _SAMPLES[one["parameterType"]]
        for name, one in parameters.items()
        if not one.get("isOptional") and "defaultValue" not in one
    }


def _first_line(message: object) -> str:
    return " ".join(str(message).split())[:400]


def main() -> int:
    """Run all packages and print what became of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conformance", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--table", type=Path, default=TABLE, help="another table than ours")
    parser.add_argument("--only", default="*", help="a pattern for the packages' names")
    parser.add_argument("--jobs", type=int, default=4, help="packages side by side")
    parser.add_argument("--seconds", type=float, default=300, help="the longest that one may take")
    options = parser.parse_args()
    packages = sorted(
        path
        for path in options.directory.rglob("*")
        if path.suffix in _SUFFIXES and fnmatch.fnmatchcase(path.name, options.only)
    )
    if not packages:
        parser.error(f"no packages in {options.directory}")
    table = tomllib.loads(options.table.read_text())
    logging.getLogger().setLevel(logging.ERROR)
    warnings.simplefilter("ignore", FutureWarning)
    counts: Counter[str] = Counter()
    out = sys.stdout
    with (
        LocalKubeflow() as cluster,
        ThreadPoolExecutor(options.jobs) as pool,
        contextlib.redirect_stdout(io.StringIO()),  # kfp prints an address for each call
    ):
        conformance = Conformance(cluster.endpoints, table, seconds=options.seconds)
        labels = [f"{number:03}-{path.stem}" for number, path in enumerate(packages)]
        for path, verdict in zip(
            packages, pool.map(conformance.check, packages, labels), strict=True
        ):
            counts[verdict.kind] += 1
            if verdict.kind != "passed":
                name = path.relative_to(options.directory)
                print(f"{verdict.kind:11} {name}: {verdict.why}", file=out, flush=True)
    print(", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
