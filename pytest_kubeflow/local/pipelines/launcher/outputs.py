"""What a component leaves behind: parameters in files, and the file of the SDK's executor.

Order and messages: kubeflow/pipelines backend/src/v2/component/launcher_v2.go
(collectOutputParameters, getExecutorOutputFile) and metadata/converter.go (TextToPbValue).
"""

from __future__ import annotations

import json
import os

from . import log
from .errors import ComponentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})  # strconv.ParseBool
_INFINITE = (float("inf"), float("-inf"))
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def make_directories(files: list[str]) -> None:
    """Make the directories that the component's outputs go to. Raises ComponentError."""
    for file in files:
        try:
            os.makedirs(os.path.dirname(file), exist_ok=True)
        except OSError as error:
            raise ComponentError(
                f'failed to create directory "{os.path.dirname(file)}" for an output: '
                f"{error.strerror}"
            ) from None


def read_executor_output(path: str) -> dict[str, Any]:
    """What the SDK's executor wrote, logged as `ExecutorOutput: {...}`; empty without it."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        log.info(f"output metadata file does not exist in {path}")
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ComponentError(f'failed to read output metadata file "{path}": {error}') from None
    try:
        written = json.loads(text, parse_constant=_no_constant)
        if not isinstance(written, dict):
            raise ValueError("not an object")
    except ValueError as error:
        raise ComponentError(
            f'failed to unmarshall ExecutorOutput in file "{path}": {error}'
        ) from None
    log.info(f"ExecutorOutput: {json.dumps(written, indent=1, ensure_ascii=False)}")
    return written


def collect_parameters(
    wanted: dict[str, Any], component: dict[str, Any], written: dict[str, Any]
) -> dict[str, Any]:
    """The values of the output parameters. Raises ComponentError.

    What the executor wrote goes before what is in the parameters' own files.
    """
    values = dict(written.get("parameterValues") or {})
    definitions = (component.get("outputDefinitions") or {}).get("parameters") or {}
    for name, one in wanted.items():
        if name in values:
            continue
        kind = (definitions.get(name) or {}).get("parameterType", "STRING")
        path = one["outputFile"]
        try:
            with open(path, encoding="utf-8", newline="") as file:
                values[name] = _value(file.read(), kind)
        except (OSError, ValueError) as error:
            told = getattr(error, "strerror", None)
            why = f"open {path}: {told.lower()}" if told else error
            raise ComponentError(
                f'failed to read output parameter name="{name}" type="{kind}" path="{path}": {why}'
            ) from None
    return values


def merge(artifact: dict[str, Any], name: str, written: dict[str, Any]) -> None:
    """Put into an output artifact what the executor says of it: URI, metadata, custom path."""
    listed = ((written.get("artifacts") or {}).get(name) or {}).get("artifacts") or []
    if not listed:
        return
    source = listed[0]
    # The SDK writes custom_path; protobuf's JSON knows both names.
    chosen = {"uri": source.get("uri"), "customPath": source.get("customPath")}
    chosen["customPath"] = chosen["customPath"] or source.get("custom_path")
    artifact.update({key: value for key, value in chosen.items() if value})
    artifact["metadata"] = {**artifact.get("metadata", {}), **(source.get("metadata") or {})}


def described(artifact: dict[str, Any]) -> dict[str, Any]:
    """An output artifact, for the report."""
    schema = artifact.get("type") or {}
    return {
        "name": artifact["name"],
        "uri": artifact["uri"],
        "type": schema.get("schemaTitle") or "system.Artifact",
        "metadata": artifact.get("metadata") or {},
    }


def _value(text: str, kind: str) -> Any:
    """A parameter's value out of the text of its file. Raises ValueError."""
    if kind == "STRING":
        return text
    stripped = text.strip()
    if "_" in stripped and kind in {"NUMBER_INTEGER", "NUMBER_DOUBLE"}:
        raise ValueError(f"{stripped[:80]!r} is no number")  # which Python would take
    if kind == "NUMBER_INTEGER":
        number = int(stripped)
        if not -(2**63) <= number < 2**63:
            raise ValueError(f"{stripped[:80]} is out of range")
        return number
    if kind == "NUMBER_DOUBLE":
        ratio = float(stripped)
        if ratio in _INFINITE or ratio != ratio:  # noqa: PLR0124 only NaN is not itself
            raise ValueError(f"{stripped[:80]} has no place in JSON")
        return ratio
    if kind == "BOOLEAN":
        if stripped not in _TRUE | _FALSE:
            raise ValueError(f'strconv.ParseBool: parsing "{stripped}": invalid syntax')
        return stripped in _TRUE
    found = json.loads(text, parse_constant=_no_constant)
    if not isinstance(found, list if kind == "LIST" else dict):
        raise ValueError(f"{stripped[:80]!r} is no {kind}")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")
