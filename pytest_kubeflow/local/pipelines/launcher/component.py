"""One component, from its inputs to the report of its outputs.

Order of steps and messages: kubeflow/pipelines backend/src/v2/component/launcher_v2.go.
"""

from __future__ import annotations

import json
import os
import sys

from . import child, log, outputs, report
from .artifacts import ArtifactStore, in_workspace, local_path
from .errors import ComponentError
from .placeholders import fill, with_defaults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

    from .artifacts import Artifact

    Stored = dict[str, list[dict[str, Any]]]
    """Artifacts as they are reported, by the name of the output."""

_SECRETS = ("KFP_STORE_ACCESS_KEY", "KFP_STORE_SECRET_KEY")
_FLAGS = ("lose_artifacts", "into_workspace", "strict")
_LOGS = "executor-logs"


def main(arguments: list[str]) -> int:
    """Run a component as the arguments say; the process's exit code."""
    code = _main(arguments)
    log.executor_ends(code)
    return code


def _main(arguments: list[str]) -> int:
    options, command = parse(arguments)
    # Taken out at once: what the component starts with is this environment.
    access, secret = (os.environ.pop(name, "") for name in _SECRETS)
    store = ArtifactStore(
        options["object_store"],
        options["object_store_region"],
        access,
        secret,
        options["pipeline_root"],
    )
    reporter = report.Reporter(
        options["ml_pipeline_server_address"],
        int(options["ml_pipeline_server_port"]),
        options["token_file"],
    )
    sys.excepthook = _reporting(reporter)
    stored: Stored = {}
    try:
        parameters = run(options, command, store, stored)
    except ComponentError as error:
        return _failed(reporter, f"failed to execute component: {error}", stored)
    try:
        reporter.send({"parameters": parameters, "artifacts": stored})
    except report.ReportError as error:
        return _failed(None, f"failed to publish results: {error}")
    log.info("publish success.", log.PUBLISHED)
    return 0


def run(
    options: dict[str, str], command: list[str], store: ArtifactStore, stored: Stored
) -> dict[str, Any]:
    """Download, execute, collect, upload; the output parameters. Raises ComponentError.

    `stored` gets the artifacts: of a component that fails, its log alone.
    """
    if "keys_refused" in options:
        raise ComponentError(f"failed to open bucket: {options['keys_refused']}")
    executor_input = json.loads(options["executor_input"])
    component = json.loads(options["component_spec"])
    strict = "strict" in options
    wanted = executor_input["outputs"]
    store.open()
    logs = _qualified(wanted, options.get("retry_index", "0"))
    for name, artifact in _artifacts(executor_input["inputs"]):
        if "into_workspace" in options:
            artifact.setdefault("metadata", {})["_kfp_workspace"] = True
        elif in_workspace(artifact):
            continue
        store.download(name, artifact)
    produced = _artifacts(wanted)
    files = [one["outputFile"] for one in (wanted.get("parameters") or {}).values()]
    outputs.make_directories([*files, *(_path(name, one) for name, one in produced)])
    copy = _path(_LOGS, logs) if logs is not None else None
    try:
        filled = fill(command, with_defaults(executor_input, component), strict=strict)
        child.run(filled, copy=copy, until_closed=strict)
        written = outputs.read_executor_output(wanted["outputFile"])
    except ComponentError as error:
        log.error(f"Component failed to execute successfully: {error}", log.FAILED)
        if logs is not None:
            _store_log(store, logs, stored, options)
        raise
    parameters = outputs.collect_parameters(wanted.get("parameters") or {}, component, written)
    described: Stored = {}
    for name, artifact in produced:
        if name != _LOGS:
            outputs.merge(artifact, name, written)
        if "lose_artifacts" not in options:
            store.upload(name, artifact)
        described.setdefault(name, []).append(outputs.described(artifact))
    stored.update(described)
    return parameters


def _qualified(wanted: dict[str, Any], attempt: str) -> Artifact | None:
    """The artifact for the component's log, with a place for this attempt alone; if there is one.

    As the real launcher does: each attempt leaves a log of its own, `executor-logs-0` and so on.
    """
    found: list[Artifact] = ((wanted.get("artifacts") or {}).get(_LOGS) or {}).get("artifacts", [])
    if not found:
        return None
    found[0]["uri"] = f"{found[0]['uri']}-{attempt}"
    return found[0]


def _store_log(
    store: ArtifactStore, logs: Artifact, stored: Stored, options: dict[str, str]
) -> None:
    """The log of a component that has failed; that it cannot be stored changes nothing."""
    path = local_path(logs)
    if path is None or not os.path.exists(path):
        return
    try:
        if "lose_artifacts" not in options:
            store.upload(_LOGS, logs)
        stored[_LOGS] = [outputs.described(logs)]
    except ComponentError as error:
        log.error(f"All upload artifact attempts failed: {error}", log.NOT_STORED)


def parse(arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    """Options and the component's command. argparse would cost as much as all other imports."""
    options: dict[str, str] = {}
    rest = iter(arguments)
    for name in rest:
        if name == "--":
            break
        key = name.removeprefix("--")
        options[key] = "" if key in _FLAGS else next(rest)
    return options, list(rest)


def _artifacts(side: dict[str, Any]) -> list[tuple[str, Artifact]]:
    listed = side.get("artifacts") or {}
    return [(name, one) for name, found in listed.items() for one in found["artifacts"]]


def _path(name: str, artifact: Artifact) -> str:
    path = local_path(artifact)
    if path is None:
        raise ComponentError(
            f'failed to generate local storage path for output artifact "{name}": failed to '
            f"generate local path for URI {artifact['uri']}: unsupported storage scheme"
        )
    return path


def _reporting(reporter: report.Reporter) -> Callable[..., object]:
    """What the interpreter calls for an error that nobody has expected: it is told as any other."""

    def told(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.__excepthook__(kind, error, trace)
        log.executor_ends(
            _failed(reporter, f"failed to execute component: unexpected {kind.__name__}: {error}")
        )

    return told


def _failed(reporter: report.Reporter | None, message: str, stored: Stored | None = None) -> int:
    if reporter is not None:
        try:
            reporter.send({"error": message, "artifacts": stored or {}})
            log.info("publish success.", log.PUBLISHED)
        except report.ReportError as error:
            log.error(f"failed to report the failure: {error}", log.PUBLISHED)
    log.end(message)
    return 1
