"""What a component leaves behind: parameters in files, and the file of the SDK's executor.

Order and messages: kubeflow/pipelines backend/src/v2/component/launcher_v2.go
(collectOutputParameters, getExecutorOutputFile) and metadata/converter.go (TextToPbValue,
StructValueToMLMDValue). Numbers are read as Go's strconv reads them.
"""

from __future__ import annotations

import json
import os
import re

from . import executor_output, log
from .errors import ComponentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})  # strconv.ParseBool
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_INFINITE = (float("inf"), float("-inf"))
_INTEGER = "[+-]?[0-9]+"
_HEXADECIMAL = r"(?i)[+-]?0x(_?[0-9a-f])*(\.([0-9a-f](_?[0-9a-f])*)?)?p[+-]?[0-9](_?[0-9])*"
_SPECIAL = "(?i)nan|[+-]?inf(inity)?"


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
        log.info(f"output metadata file does not exist in {path}", log.NO_OUTPUT)
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ComponentError(f'failed to read output metadata file "{path}": {error}') from None
    try:
        content = executor_output.decode(text)
        text = json.dumps(content, indent=1, ensure_ascii=False)
        return executor_output.read(content)
    except ValueError as error:
        raise ComponentError(
            f'failed to unmarshall ExecutorOutput in file "{path}": {error}'
        ) from None
    finally:
        log.info(f"ExecutorOutput: {text}", log.OUTPUT)


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
            message = getattr(error, "strerror", None)
            why = f"open {path}: {message.lower()}" if message else error
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
    chosen = {"uri": source.get("uri"), "customPath": source.get("customPath")}
    artifact.update({key: value for key, value in chosen.items() if value})
    artifact["metadata"] = {**artifact.get("metadata", {}), **(source.get("metadata") or {})}


def described(artifact: dict[str, Any]) -> dict[str, Any]:
    """An output artifact, for the report. Raises ComponentError."""
    if None in (artifact.get("metadata") or {}).values():
        raise ComponentError(
            f'unable to produce MLMD artifact for output "{artifact["name"]}": failed to convert '
            "RuntimeArtifact to MLMD artifact: unknown/unsupported value type "
            "*structpb.Value_NullValue"
        )
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
    if kind == "NUMBER_INTEGER":
        if not re.fullmatch(_INTEGER, stripped):
            raise ValueError(f'strconv.ParseInt: parsing "{stripped[:80]}": invalid syntax')
        number = int(stripped)
        if not -(2**63) <= number < 2**63:
            raise ValueError(f'strconv.ParseInt: parsing "{stripped[:80]}": value out of range')
        return number
    if kind == "NUMBER_DOUBLE":
        return _double(stripped)
    if kind == "BOOLEAN":
        if stripped not in _TRUE | _FALSE:
            raise ValueError(f'strconv.ParseBool: parsing "{stripped}": invalid syntax')
        return stripped in _TRUE
    found = executor_output.decode(text)
    if not isinstance(found, list if kind == "LIST" else dict):
        raise ValueError(f"{stripped[:80]!r} is no {kind}")
    return found


def _double(text: str) -> float:
    """What strconv.ParseFloat makes of `text`: also hexadecimal, `inf` and `nan`."""
    try:
        if not text.isascii() or text[1:].lower() == "nan":
            raise ValueError
        hexadecimal = re.fullmatch(_HEXADECIMAL, text)
        number = float.fromhex(text.replace("_", "")) if hexadecimal else float(text)
    except ValueError:
        raise ValueError(f'strconv.ParseFloat: parsing "{text[:80]}": invalid syntax') from None
    except OverflowError:
        number = _INFINITE[0]
    if number in _INFINITE and not re.fullmatch(_SPECIAL, text):
        raise ValueError(f'strconv.ParseFloat: parsing "{text[:80]}": value out of range')
    return number
