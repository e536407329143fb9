"""One component, from its inputs to the report of its outputs.

Order of steps and messages: kubeflow/pipelines backend/src/v2/component/launcher_v2.go.
"""

from __future__ import annotations

import json
import os
import sys

from . import child, log, outputs, report
from .artifacts import Store, in_workspace, local_path
from .errors import ComponentError
from .placeholders import fill, with_defaults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

    from .artifacts import Artifact

_SECRETS = ("KFP_STORE_ACCESS_KEY", "KFP_STORE_SECRET_KEY")
_FLAGS = ("lose_artifacts", "into_workspace")


def main(arguments: list[str]) -> int:
    """Run a component as the arguments say; the process's exit code."""
    code = _main(arguments)
    log.executor_ends(code)
    return code


def _main(arguments: list[str]) -> int:
    options, command = parse(arguments)
    # Taken out at once: what the component starts with is this environment.
    access, secret = (os.environ.pop(name, "") for name in _SECRETS)
    store = Store(
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
    try:
        result = run(options, command, store)
    except ComponentError as error:
        return _failed(reporter, f"failed to execute component: {error}")
    try:
        reporter.send(result)
    except report.ReportError as error:
        return _failed(None, f"failed to publish results: {error}")
    log.info("publish success.", log.PUBLISHED)
    return 0


def run(options: dict[str, str], command: list[str], store: Store) -> dict[str, Any]:
    """Download, execute, collect, upload; what to report. Raises ComponentError."""
    if "keys_refused" in options:
        raise ComponentError(f"failed to open bucket: {options['keys_refused']}")
    executor_input = json.loads(options["executor_input"])
    component = json.loads(options["component_spec"])
    wanted = executor_input["outputs"]
    store.open()
    for name, artifact in _artifacts(executor_input["inputs"]):
        if "into_workspace" in options:
            artifact.setdefault("metadata", {})["_kfp_workspace"] = True
        elif in_workspace(artifact):
            continue
        store.download(name, artifact)
    produced = _artifacts(wanted)
    files = [one["outputFile"] for one in (wanted.get("parameters") or {}).values()]
    outputs.make_directories([*files, *(_path(name, one) for name, one in produced)])
    try:
        child.run(fill(command, with_defaults(executor_input, component)))
    except ComponentError as error:
        log.error(f"Component failed to execute successfully: {error}", log.FAILED)
        raise
    written = outputs.read_executor_output(wanted["outputFile"])
    parameters = outputs.collect_parameters(wanted.get("parameters") or {}, component, written)
    stored: dict[str, list[dict[str, Any]]] = {}
    for name, artifact in produced:
        outputs.merge(artifact, name, written)
        if "lose_artifacts" not in options:
            store.upload(name, artifact)
        stored.setdefault(name, []).append(outputs.described(artifact))
    return {"parameters": parameters, "artifacts": stored}


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


def _failed(reporter: report.Reporter | None, message: str) -> int:
    if reporter is not None:
        try:
            reporter.send({"error": message})
            log.info("publish success.", log.PUBLISHED)
        except report.ReportError as error:
            log.error(f"failed to report the failure: {error}", log.PUBLISHED)
    log.end(message)
    return 1
