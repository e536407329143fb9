"""Logs of a run's pods: from Kubernetes, or through the pipelines UI for who has no access."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kubeflow.errors import KubeflowError, NotFound
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.pods.logs import read_log
from pytest_kubeflow.network_errors import network_errors
from pytest_kubeflow.response_text import words_of

if TYPE_CHECKING:
    import requests

MAIN = "main"
"""The container of a task's pod in which the component runs."""


class PodLogs:
    """Reads logs of pods in one namespace. `host` is the URL under which the pipelines UI is."""

    def __init__(
        self,
        namespace: str,
        *,
        kubernetes: KubernetesClient | None,
        session: requests.Session,
        host: str,
    ) -> None:
        self._namespace = namespace
        self._kubernetes = kubernetes
        self._session = session
        self._host = host

    def read(self, pod: str, run_id: str, *, tail_lines: int | None = None) -> str:
        """The log of the pod's main container. Raises NotFound, with both answers, if none has it.

        Logs vanish with their pods: the workflow controller removes those some time after the run.
        """
        refusals = []
        if self._kubernetes is not None:
            try:
                data = read_log(self._kubernetes, self._namespace, pod, MAIN, tail_lines=tail_lines)
            except KubeflowError as error:
                refusals.append(error.message)
            else:
                return data.decode(errors="replace")
        try:
            text = self._from_ui(pod, run_id)
        except KubeflowError as error:
            refusals.append(error.message)
        else:
            return text if tail_lines is None else "\n".join(text.splitlines()[-tail_lines:])
        raise NotFound(f"no log of pod {self._namespace}/{pod}: {'; '.join(refusals)}")

    def _from_ui(self, pod: str, run_id: str) -> str:
        """`/k8s/pod/logs` of the UI server (frontend/server in kubeflow/pipelines)."""
        query = {"podname": pod, "runid": run_id, "podnamespace": self._namespace}
        with network_errors(self._host):
            answer = self._session.get(f"{self._host}/k8s/pod/logs", params=query)
        # A gateway that does not know the path serves its front page instead.
        page = answer.headers.get("Content-Type", "").startswith("text/html")
        if answer.status_code != 200 or page:
            message = "" if page else f": {words_of(answer.text)}".rstrip(": ")
            raise NotFound(f"the pipelines UI answers {answer.status_code} for it{message}")
        answer.encoding = "utf-8"
        return answer.text
