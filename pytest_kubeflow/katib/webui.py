"""KatibUI: Katib's web app behind the gateway, asked as its own page asks it.

Paths, parameters and answers: cmd/ui/v1beta1/main.go and pkg/ui/v1beta1 of kubeflow/katib. Whatever
else than a login or a right is missing is answered by 500 and a line of text, the words of its
admission webhooks too; a path that it does not know is its page, by 200.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.auth.loginwanted import wants_login
from pytest_kubeflow.auth.refusal import Refusal
from pytest_kubeflow.errors import (
    AuthenticationError,
    ComponentMissing,
    KubeflowError,
    NotFound,
    PermissionDenied,
)
from pytest_kubeflow.katib.errors import KatibUIRefused
from pytest_kubeflow.network_errors import network_errors
from pytest_kubeflow.response_text import words_of

if TYPE_CHECKING:
    import requests

PREFIX = "/katib"
_STATUS, _TRIAL, _RUN = "Status", "trialName", "KFP Run"
_LONGEST = 600


class KatibUI:
    """At the gateway, with a session's credentials.

    Raises ComponentMissing where something else answers, AuthenticationError, PermissionDenied,
    NotFound, KatibUIRefused, ClusterUnreachable.
    """

    def __init__(self, gateway_url: str, session: requests.Session) -> None:
        self.url = gateway_url + PREFIX
        self._session = session

    def experiments(self, namespace: str) -> list[Mapping[str, Any]]:
        """Those of a namespace, as its page lists them: `name`, `namespace`, `type`, `status`."""
        found = self._get("fetch_experiments", namespace=namespace)
        return [one for one in found or () if isinstance(one, dict)]

    def experiment(self, namespace: str, name: str) -> Mapping[str, Any]:
        """One Experiment."""
        found: Mapping[str, Any] = self._get(
            "fetch_experiment", experimentName=name, namespace=namespace
        )
        return found

    def trial_rows(self, namespace: str, experiment: str) -> list[dict[str, str]]:
        """The table of an experiment's trials, a dictionary a line.

        The values of metrics are the best of what the database has for the trial, and are there for
        trials that have succeeded or were stopped early; the values of parameters are the Trial's.
        """
        text = self._get("fetch_hp_job_info", experimentName=experiment, namespace=namespace)
        return list(csv.DictReader(io.StringIO(str(text))))

    def reported(self, namespace: str, trial: str) -> list[tuple[str, str, str]]:
        """What the database has of a trial: (metric, time, value), the best of each second.

        The app cannot show a trial that has no numbers: KatibUIRefused.
        """
        text = self._get("fetch_hp_job_trial_info", trialName=trial, namespace=namespace)
        rows = csv.DictReader(io.StringIO(str(text)))
        return [(row["metricName"], row["time"], row["value"]) for row in rows]

    def log(self, namespace: str, trial: str) -> str:
        """The log of a trial's pod, while that is there: what its collector has read."""
        return str(self._get("fetch_trial_logs", trialName=trial, namespace=namespace))

    def create(self, experiment: Mapping[str, Any]) -> None:
        """Make an Experiment, as its page does it of a YAML text."""
        self._called("POST", "create_experiment", {}, {"postData": dict(experiment)})

    def delete(self, namespace: str, name: str) -> None:
        """Remove an Experiment.

        The app answers when no namespace has one of that name any more (pkg/ui/v1beta1/backend.go).
        """
        self._get("delete_experiment", experimentName=name, namespace=namespace)

    def _get(self, path: str, **parameters: str) -> Any:
        return self._called("GET", path, parameters)

    def _called(
        self, method: str, path: str, parameters: Mapping[str, str], body: object = None
    ) -> Any:
        url = f"{self.url}/{path}/"
        with network_errors(url):
            response = self._session.request(
                method, url, params=dict(parameters), json=body, allow_redirects=False
            )
        if response.status_code == 200 and not _is_page(response):
            if not response.content:
                return None  # an experiment was made
            try:
                return response.json()
            except ValueError:
                pass
        raise self._error(method, path, response)

    def _error(self, method: str, path: str, response: requests.Response) -> KubeflowError:
        words = words_of(response.text, longest=_LONGEST)
        message = f"{method} {PREFIX}/{path}/ answers {response.status_code}"
        message = f"{message}: {words}" if words else message
        if wants_login(response):
            refusal = Refusal.of(response)
            return AuthenticationError(f"{refusal}: the login has ended, or was never good for it")
        if response.status_code in {200, 404} or 300 <= response.status_code < 400:
            return ComponentMissing(f"Katib's web app is not at {self.url}: {message}")
        if response.status_code == 401:
            return AuthenticationError(message)
        if response.status_code == 403:
            return PermissionDenied(message)
        if response.status_code == 500 and "not found" in words:
            return NotFound(message)
        return KatibUIRefused(message, status=response.status_code)


def _is_page(response: requests.Response) -> bool:
    """Whether it is a page for people, as for each path that the app does not know."""
    return "html" in response.headers.get("content-type", "") and response.text.lstrip().startswith(
        "<"
    )
