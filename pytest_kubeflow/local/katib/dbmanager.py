"""The db-manager: Katib's table of observations by gRPC.

Words: kubeflow/katib v0.19.0, cmd/db-manager and pkg/db/v1beta1/mysql.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from pytest_kubeflow.local.grpcserver import LOOPBACK, LazyGrpcServer
from pytest_kubeflow.local.katib.messages import DB_MANAGER, new
from pytest_kubeflow.local.katib.observations import MetricLog, ObservationLogs, TimeFormatError
from pytest_kubeflow.local.katib.rpc import CallError, Method, serve

PORT = 6789
ENDPOINT = f"katib-db-manager.kubeflow:{PORT}"


class DbManager(LazyGrpcServer):
    """Serves `logs`; while it `loses()` something, only the first value of a report is kept."""

    def __init__(
        self,
        logs: ObservationLogs,
        *,
        host: str = LOOPBACK,
        loses: Callable[[], bool] = lambda: False,
    ) -> None:
        methods = {DB_MANAGER: _Methods(logs, loses).table}
        super().__init__(partial(serve, methods), host=host)


class _Methods:
    def __init__(self, logs: ObservationLogs, loses: Callable[[], bool]) -> None:
        self._logs = logs
        self._loses = loses

    @property
    def table(self) -> dict[str, Method]:
        return {
            "ReportObservationLog": self._report,
            "GetObservationLog": self._get,
            "DeleteObservationLog": self._delete,
        }

    async def _report(self, request: Any) -> Any:
        logs = [
            MetricLog(one.time_stamp, one.metric.name, one.metric.value)
            for one in request.observation_log.metric_logs
        ]
        if not any(one.time for one in logs):
            # The statement that the real one makes of no rows is none.
            raise CallError("UNKNOWN", "Prepare SQL statement failed: there are no values")
        try:
            self._logs.add(request.trial_name, logs[:1] if self._loses() else logs)
        except TimeFormatError as error:
            raise CallError("UNKNOWN", f"Error parsing start time: {error}") from None
        return new("ReportObservationLogReply")

    async def _get(self, request: Any) -> Any:
        try:
            found = self._logs.of(
                request.trial_name,
                metric=request.metric_name,
                start=request.start_time,
                end=request.end_time,
            )
        except TimeFormatError as error:
            raise CallError("UNKNOWN", f"Error parsing start time: {error}") from None
        logs = [
            new(
                "MetricLog",
                time_stamp=one.time,
                metric=new("Metric", name=one.name, value=one.value),
            )
            for one in found
        ]
        return new(
            "GetObservationLogReply", observation_log=new("ObservationLog", metric_logs=logs)
        )

    async def _delete(self, request: Any) -> Any:
        self._logs.remove(request.trial_name)
        return new("DeleteObservationLogReply")
