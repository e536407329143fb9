"""Dry runs: whether the API server can ask its webhooks, without making anything.

An object of each kind that a webhook guards is created with `dryRun=All`, in a namespace and with
labels that the webhook asks for. A webhook whose side effects refuse that is left alone, and so are
all of the same kind: the API server would refuse the dry run as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from pytest_kubeflow.errors import ClusterUnreachable, KubeflowError, PermissionDenied
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.dry_run import create_dry_run
from pytest_kubeflow.platform.probes.probed import Probed
from pytest_kubeflow.platform.probes.trials import Plan, Trial
from pytest_kubeflow.platform.snapshot import Snapshot, Unseen
from pytest_kubeflow.platform.snapshot.observations import Observations
from pytest_kubeflow.retries.policy import outages_of

_AT_ONCE = 6
_CONNECT_SECONDS = 3.0
_FAILED = re.compile(r'failed calling webhook "([^"]+)"')
_REACHED = re.compile(r'admission webhook "([^"]+)" denied the request')
_AFTER_MUTATION = re.compile(
    r"exceeded quota|failed quota|violates PodSecurity| usage per |ValidatingAdmissionPolicy"
    r"| is invalid: "
)
"""What is looked at only when all mutating webhooks have answered."""

_WORDS = re.compile(r"^cannot .+?: Kubernetes answers \d+: ", re.DOTALL)


def probe_dry_runs(kubernetes: KubernetesClient, snapshot: Snapshot) -> Probed:
    """By a webhook's name, what the API server says of it; "" where it was asked and has answered.

    In a snapshot without webhooks, as owners of profiles get one, the first of its namespaces.
    """
    plan = Plan(snapshot, own=kubernetes.context_namespace)
    trials = list(plan.trials())
    found: dict[str, str] = {}
    unseen = list(plan.unseen)
    with outages_of(0), ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="dry run") as pool:
        begun = [(one, pool.submit(copy_context().run, _try, kubernetes, one)) for one in trials]
        for trial, outcome in begun:
            told, why = outcome.result()
            found |= {name: said or found.get(name, "") for name, said in told.items()}
            if why:
                unseen.append(Unseen(str(trial), why))
    return Probed(observed=Observations(dry_runs=found, requests=len(trials)), unseen=tuple(unseen))


def _try(kubernetes: KubernetesClient, trial: Trial) -> tuple[dict[str, str], str]:
    """What is said of each webhook, and why that is not known of some."""
    body = trial.resource.made(trial.namespace, trial.labels)
    path = trial.resource.path(trial.namespace)
    try:
        create_dry_run(
            kubernetes, path, body, trial.what, timeout=(_CONNECT_SECONDS, trial.seconds)
        )
    except KubeflowError as error:
        return _judged(trial, error)
    return {one.name: "" for one in trial.asked if one.must_answer}, ""


def _judged(trial: Trial, error: KubeflowError) -> tuple[dict[str, str], str]:
    found = _WORDS.sub("", error.message)
    if (failed := _FAILED.search(found)) is not None:
        before = _before(trial, failed[1])
        return {**dict.fromkeys(before, ""), failed[1]: found}, ""
    if (reached := _REACHED.search(found)) is not None:
        return dict.fromkeys((*_before(trial, reached[1]), reached[1]), ""), ""
    if isinstance(error, PermissionDenied | ClusterUnreachable):
        return {}, error.message
    if _AFTER_MUTATION.search(found) is None:
        return {}, error.message
    passed = list(_before(trial, ""))
    rest = any(not one.is_mutating for one in trial.asked)
    return dict.fromkeys(passed, ""), error.message if rest else ""


def _before(trial: Trial, name: str) -> Iterator[str]:
    """The mutating webhooks that were asked before this one, one after another."""
    for one in trial.asked:
        if one.name == name or not one.is_mutating:
            return
        if one.must_answer:
            yield one.name
