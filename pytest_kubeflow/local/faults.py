"""Named faults: ways in which the embedded cluster can be made to go wrong.

Tests switch them on to see a check go red, users to see what a red report looks like. A fault is
on from the start (`--kf-local-fault NAME`) or from the moment that the ConfigMap `embedded-faults`
in `kube-system` has a key of its name with the value "on", until it has no longer.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

_OF_COMPONENTS: dict[str, str] = {
    "any-password": "Dex takes any password for a user whom it knows",
    "api-503": "the pipelines API answers 503 to every third request",
    "artifact-lost": "artifacts of tasks are reported as stored, but are not",
    "artifacts-open": "the pipelines UI hands out artifacts of any namespace to every known user",
    "canary-ignored": "a canary gets none of the requests that its share promises",
    "claim-pending": "persistent volume claims are never bound",
    "conditions-ignored": "conditions count as met: all branches of a pipeline are taken",
    "dashboard-open": "the central dashboard is open to all, without a login",
    "dead-store": "the object store is down",
    "dex-down": "Dex does not answer, so nobody new logs in",
    "executor-forbidden": "Argo's executor has no right to write what a task came to",
    "exit-tasks-lost": "tasks that follow failures are left out, as are those of exit handlers",
    "foreign-idp": "Dex's only connector leads to another company's sign-in page",
    "gpus-leaked": "pods that ask for no GPU see all of their node",
    "gpus-missing": "pods get one GPU fewer than they ask for",
    "gpus-shared": "a GPU is given to several pods at once",
    "image-pull": "no image can be pulled",
    "keys-rotated": "Dex signs with a new key, which the gateway has not read yet",
    "keys-shared": "the object store keys of one profile open the objects of all",
    "limits-ignored": "pods are not held to their limits of CPU and memory",
    "log-cut": "container logs are cut off in the middle",
    "login-down": "oauth2-proxy does not answer, so the gateway refuses whoever has no token",
    "metadata-lost": "artifacts are handed on without the metadata that tasks gave them",
    "object-corrupt": "objects come back from the object store with a byte changed",
    "order-ignored": "tasks start without waiting for the tasks that they depend on",
    "pipeline-exposed": "private pipelines are listed as public ones too",
    "pipeline-lost": "uploaded pipelines are accepted, but not kept",
    "pipelines-open": "the pipelines API is open to all, without a login or rights",
    "predictor-503": "the gateway answers 503 for every predictor",
    "predictor-wrong": "numbers that predictors answer are off by one",
    "rbac-open": "Kubernetes lets every known user do everything",
    "requests-ignored": "the scheduler does not ask whether a node has what a pod requests",
    "run-stuck-pending": "runs are accepted, but none of their pods is made",
    "serving-asleep": "services that have gone to zero do not come back when they are asked",
    "serving-false-ready": "InferenceServices say that they are ready, whatever their models do",
    "serving-gap": "an updated predictor ends before the new one serves",
    "serving-never-ready": "InferenceServices never become ready",
    "serving-open": "the gateway lets everybody reach predictors",
    "serving-stale": "an updated InferenceService goes on serving its old model",
    "session-not-kept": "oauth2-proxy does not know the sessions again that it has given",
    "store-any-key": "the object store takes any access key",
    "task-hangs": "tasks never end",
    "tokens-ageless": "the gateway takes tokens whose time is over",
    "tokens-unverified": "the gateway takes tokens without looking at their signature",
    "userid-trusted": "the gateway believes what a client says of itself in kubeflow-userid",
    "volume-lossy": "what a pod writes to a volume is gone when the pod ends",
    "volumes-open": "the volumes web app is open to all, without a login or rights",
    "workflows-ignored": "no workflow controller takes Workflows up",
    "wrong-output": "numbers that tasks return are off by one",
}


OF_PLATFORMS: dict[str, str] = {
    "ca-bundle-empty": "KServe's webhook has a bundle of authorities that holds none",
    "ca-bundle-wrong": "KServe's webhook has the authority of another certificate",
    "certificate-expired": "the certificate of KServe's webhook has expired",
    "certificate-expires-soon": "the certificate of KServe's webhook ends in five days",
    "certificate-name-wrong": "the certificate of KServe's webhook is one for another name",
    "certificate-not-ready": "cert-manager cannot make a certificate, for want of its issuer",
    "gateway-certificate-expires": "the certificate of the gateway ends in five days",
    "gateway-certificate-name-wrong": "the certificate of the gateway is one for another host",
    "jobset-webhook-behind-sidecar": "the proxy in JobSet's pod ends calls of its webhook",
    "webhook-duplicate": "two webhook configurations are for the same",
    "webhook-fails": "KServe's webhook does not know the path at which it is called",
    "webhook-leftover": "the webhook of a former release is asked about pods, and is gone",
    "webhook-no-endpoints": "the Service of KServe's webhook leads to no pods",
    "webhook-times-out": "KServe's webhook does not answer in time",
}
"""What is wrong with a platform, as `platform/faults` makes it."""

FAULTS = dict(sorted((_OF_COMPONENTS | OF_PLATFORMS).items()))


def no_such_fault(name: str) -> str:
    """The line for a name that is none, with the one that was meant."""
    close = difflib.get_close_matches(name.lower().replace("_", "-"), FAULTS, n=1)
    meant = f"did you mean {close[0]!r}? " if close else ""
    return f"there is no fault {name!r}; {meant}valid: {', '.join(FAULTS)}"


CONFIG_MAP = ("kube-system", "embedded-faults")


class Faults:
    """The set of faults that are on now. Components ask `active` at the moment of action."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._active: frozenset[str] = frozenset()
        self._listeners: list[Callable[[], None]] = []
        self.replace(names)

    def active(self, name: str) -> bool:
        if name not in FAULTS:
            raise ValueError(no_such_fault(name))
        return name in self._active

    @property
    def names(self) -> frozenset[str]:
        return self._active

    def replace(self, names: Iterable[str]) -> None:
        """Make exactly `names` active. Raises ValueError for a name that is not in FAULTS."""
        chosen = frozenset(names)
        if unknown := sorted(chosen - FAULTS.keys()):
            raise ValueError(no_such_fault(unknown[0]))
        if chosen != self._active:
            self._active = chosen
            for listener in self._listeners:
                listener()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each change of the set; it must not block."""
        self._listeners.append(listener)
