"""The tasks of a run out of ML Metadata, asked over gRPC-web.

How Kubeflow Pipelines writes them: backend/src/v2/metadata/client.go in kubeflow/pipelines. A run
is a context of type `system.PipelineRun` named by the run's id; each task and each DAG is an
execution in it, whose custom properties tell names, pod, parent and output parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.pipelines.outputs.grpcweb import (
    CONTENT_TYPE,
    MalformedFrames,
    frame,
    read_answer,
)
from pytest_kubeflow.pipelines.outputs.mlmd_messages import SERVICE, message
from pytest_kubeflow.pipelines.outputs.source import Artifact, SourceUnavailable, TaskRecord
from pytest_kubeflow.response_text import words_of
from pytest_kubeflow.retries.network import outage_of
from pytest_kubeflow.retries.outage import Outage
from pytest_kubeflow.retries.policy import RetryPolicy
from pytest_kubeflow.retries.statuses import PAGE_SECONDS, is_html, outage_in

if TYPE_CHECKING:
    import requests

RUN_CONTEXT = "system.PipelineRun"
DAG_EXECUTION = "system.DAGExecution"

# Execution.State and Event.Type of metadata_store.proto. KFP's drivers write CANCELED for a task
# whose condition is not met, and for nothing else (backend/src/v2/metadata/client.go).
_STATES = {
    0: "PENDING",
    1: "PENDING",
    2: "RUNNING",
    3: "SUCCEEDED",
    4: "FAILED",
    5: "SUCCEEDED",
    6: "SKIPPED",
}
_CACHED = 5
OUTPUT_EVENT = 4
_PAGE = 100
_LIMIT_PAGES = 1000
MAX_OUTAGE = 10.0
"""Seconds for which it is asked again."""

_PASSING = {
    4: "DEADLINE_EXCEEDED",
    8: "RESOURCE_EXHAUSTED",
    14: "UNAVAILABLE",
}
"""Statuses of gRPC that another attempt may mend: its `code.proto` says so of the last alone, and
the other two are what servers and gateways say that are busy. All calls here only read."""

# (path below the gateway, body, headers) -> answer; may raise requests.RequestException
Post = Callable[[str, bytes, Mapping[str, str]], "requests.Response"]


class MetadataSource:
    """Reads `TaskRecord`s; `post` sends a request that the gateway accepts."""

    name = "ML Metadata"
    is_complete = True

    def __init__(self, post: Post, *, policy: RetryPolicy | None = None) -> None:
        self._post = post
        self._policy = policy or metadata_policy()

    def tasks(self, run_id: str) -> list[TaskRecord]:
        """The tasks and DAGs of a run; none while the run has not begun.

        Raises SourceUnavailable if ML Metadata is not there or does not answer as it should.
        """
        context = self.call(
            "GetContextByTypeAndName", type_name=RUN_CONTEXT, context_name=run_id
        ).context
        if not context.id:
            return []
        executions = list(self._executions(context.id))
        return records(executions, self._artifacts(executions))

    def _executions(self, context_id: int) -> Iterator[Any]:
        token = ""
        for _ in range(_LIMIT_PAGES):
            options = message("ListOperationOptions")(max_result_size=_PAGE)
            if token:
                options.next_page_token = token
            page = self.call("GetExecutionsByContext", context_id=context_id, options=options)
            yield from page.executions
            token = page.next_page_token
            if not token:
                return
        raise SourceUnavailable(f"{self.name} has no end of pages for context {context_id}")

    def _artifacts(self, executions: Iterable[Any]) -> dict[int, dict[str, Artifact]]:
        """The artifacts that each execution wrote: `{execution id: {output name: Artifact}}`."""
        ids = [execution.id for execution in executions]
        if not ids:
            return {}
        events = [
            event
            for event in self.call("GetEventsByExecutionIDs", execution_ids=ids).events
            if event.type == OUTPUT_EVENT
        ]
        if not events:
            return {}
        wanted = sorted({event.artifact_id for event in events})
        found = self.call("GetArtifactsByID", artifact_ids=wanted)
        artifacts = {artifact.id: artifact for artifact in found.artifacts}
        written: dict[int, dict[str, Artifact]] = {}
        for event in events:
            artifact = artifacts.get(event.artifact_id)
            key = next((step.key for step in event.path.steps if step.key), "")
            if artifact is not None:
                written.setdefault(event.execution_id, {})[key or artifact.name] = artifact_of(
                    artifact
                )
        return written

    def call(self, method: str, **fields: Any) -> Any:
        """The response to one call of its API. Raises SourceUnavailable."""
        from google.protobuf.message import DecodeError

        request = message(f"{method}Request")(**fields)
        answer = self._ask(method, request.SerializeToString())
        try:
            return message(f"{method}Response").FromString(answer)
        except DecodeError as error:
            raise SourceUnavailable(
                f"{self.name} answers {method} with what is no {method}Response: {error}"
            ) from error

    def _ask(self, method: str, request: bytes) -> bytes:
        headers = {"Content-Type": CONTENT_TYPE, "Accept": CONTENT_TYPE, "X-Grpc-Web": "1"}
        return self._exchange(method, frame(request), headers)

    def _exchange(self, method: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        import requests

        def once() -> bytes:
            try:
                response = self._post(f"/{SERVICE}/{method}", body, headers)
            except requests.RequestException as error:
                raise SourceUnavailable(f"{self.name} does not answer: {error}") from error
            return self._read(method, response)

        return self._policy.repeat(once)

    def _read(self, method: str, response: requests.Response) -> bytes:
        """The message in a response. Raises SourceUnavailable."""
        lower = {name.lower(): value for name, value in response.headers.items()}
        if response.status_code != 200:
            words = b"" if _is_binary(response) else response.content
            outage = outage_in(response.status_code, lower, words)
            if response.status_code == 401:
                outage = None  # whoever posts has tried another login
            raise Unanswered(f"{self.name} answers HTTP {_answered(response)}", outage)
        try:
            answer = read_answer(response.content, lower)
        except MalformedFrames as error:
            kind = "a page of HTML" if is_html(lower) else "cut off"
            raise Unanswered(
                f"{self.name} does not speak gRPC-web: {error}",
                Outage(str(error), kind, within=PAGE_SECONDS),
            ) from error
        if answer.status != 0:
            raise Unanswered(
                f"{self.name} refuses {method} with gRPC status {answer.status}: {answer.text}",
                passing(answer.status, answer.text),
            )
        if answer.message is None:
            raise Unanswered(
                f"{self.name} answers {method} without a message",
                Outage("no message", "cut off", within=PAGE_SECONDS),
            )
        return answer.message


class Unanswered(SourceUnavailable):
    """No answer to a call; `outage` says whether there may be one a moment later."""

    def __init__(self, message: str, outage: Outage | None) -> None:
        super().__init__(message)
        self.outage = outage


def passing(status: int, text: str) -> Outage | None:
    """The outage that a status of gRPC is, if it is one."""
    kind = _PASSING.get(status)
    return None if kind is None else Outage(f"{kind}: {text}", kind)


def metadata_policy() -> RetryPolicy:
    """For one source. There are others, so that this one has less time than other clients."""
    return RetryPolicy("ML Metadata", MAX_OUTAGE, judge=_judge)


def _judge(error: BaseException) -> Outage | None:
    if isinstance(error, Unanswered):
        return error.outage
    return (
        outage_of(error.__cause__)
        if isinstance(error, SourceUnavailable) and error.__cause__
        else None
    )


def records(
    executions: Iterable[Any], artifacts: Mapping[int, Mapping[str, Artifact]]
) -> list[TaskRecord]:
    """`Execution` messages as records, oldest first. The root DAG is the pipeline: left out."""
    by_id = {execution.id: execution for execution in executions}
    found = []
    for execution in sorted(
        by_id.values(), key=lambda each: (each.create_time_since_epoch, each.id)
    ):
        properties = execution.custom_properties
        if _parent(execution) not in by_id:
            continue
        outputs = plain(properties["outputs"]) if "outputs" in properties else {}
        name = properties["task_name"].string_value if "task_name" in properties else ""
        found.append(
            TaskRecord(
                name=name or execution.name,
                path=_path(execution, by_id),
                place=_place(execution, by_id),
                display_name=_text(properties, "display_name"),
                state=_STATES.get(execution.last_known_state, "PENDING"),
                pod_name=_text(properties, "pod_name"),
                started=execution.create_time_since_epoch / 1000 or None,
                ended=_ended(execution),
                outputs=outputs if isinstance(outputs, dict) else {},
                artifacts=artifacts.get(execution.id, {}),
                is_dag=execution.type == DAG_EXECUTION,
                is_cached=execution.last_known_state == _CACHED,
            )
        )
    return found


def artifact_of(artifact: Any) -> Artifact:
    """An `Artifact` message."""
    return Artifact(
        name=artifact.name,
        type=artifact.type,
        uri=artifact.uri,
        metadata={
            name: plain(value)
            for properties in (artifact.properties, artifact.custom_properties)
            for name, value in properties.items()
        },
    )


def _ended(execution: Any) -> float | None:
    final = execution.last_known_state in (3, 4, 5, 6)
    return execution.last_update_time_since_epoch / 1000 if final else None


def _parent(execution: Any) -> int:
    properties = execution.custom_properties
    return int(properties["parent_dag_id"].int_value) if "parent_dag_id" in properties else 0


def _text(properties: Any, name: str) -> str:
    # Reading a missing key of a protobuf map would add it.
    return str(properties[name].string_value) if name in properties else ""


def _path(execution: Any, by_id: Mapping[int, Any]) -> tuple[str, ...]:
    """The keys of the DAGs around a task and its own; an iteration is its loop's."""
    return tuple(name for name, _ in _steps(execution, by_id))


def _place(execution: Any, by_id: Mapping[int, Any]) -> tuple[str, ...]:
    """The same, with the number of each iteration."""
    steps = _steps(execution, by_id)
    return tuple(name if index is None else f"{name}[{index}]" for name, index in steps)


def _steps(execution: Any, by_id: Mapping[int, Any]) -> list[tuple[str, int | None]]:
    steps: list[tuple[str, int | None]] = []
    seen = set()
    at: Any = execution
    while at is not None and at.id not in seen and _parent(at) in by_id:
        seen.add(at.id)
        properties = at.custom_properties
        index = int(properties["iteration_index"].int_value) if _is_iteration(at) else None
        steps.insert(0, (_text(properties, "task_name") or at.name, index))
        at = by_id.get(_parent(at))
        if index is not None and at is not None:
            at = by_id.get(_parent(at))  # past the loop, which has the same name
    return steps


def _is_iteration(execution: Any) -> bool:
    return "iteration_index" in execution.custom_properties


def plain(value: Any) -> Any:
    """An ML Metadata `Value` as Python data."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "struct_value":
        return {name: plain_json(each) for name, each in value.struct_value.fields.items()}
    return getattr(value, kind)


def plain_json(value: Any) -> Any:
    """A `google.protobuf.Value` as Python data; all its numbers are floats."""
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return {name: plain_json(each) for name, each in value.struct_value.fields.items()}
    if kind == "list_value":
        return [plain_json(each) for each in value.list_value.values]
    if kind in (None, "null_value"):
        return None
    return getattr(value, kind)


def _is_binary(response: requests.Response) -> bool:
    return "grpc" in response.headers.get("content-type", "")


def _answered(response: requests.Response) -> str:
    """The status, and what was said with it; of frames of gRPC nothing."""
    words = "" if _is_binary(response) else words_of(response.content, longest=200)
    return f"{response.status_code}: {words}" if words else str(response.status_code)
