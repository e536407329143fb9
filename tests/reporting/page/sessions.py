"""Sessions that no cluster had: green, red, unfit and interrupted, as large as a night is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pytest_kubeflow.platform.catalogue.webhooks import WEBHOOK_TIMES_OUT
from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.reporting.causes import by_test, causes_of
from pytest_kubeflow.reporting.records.runs import RunRecord
from pytest_kubeflow.reporting.records.session import (
    Check,
    Leftover,
    SessionRecord,
    State,
)
from pytest_kubeflow.reporting.records.tests import Outcome, Section, TestRecord
from pytest_kubeflow.reporting.records.trend import Night, Pace, Trend
from pytest_kubeflow.reporting.verdict import not_run_of, verdict_of
from tests.reporting.page.runs import BEGAN, iris, loop, pythagorean, sort_csv

_DAY = 86_400.0

_FACTS = {
    "mode": "multi-user",
    "login": "password through Dex (the gateway sends browsers there)",
    "components": "katib, kserve, notebooks, pipelines",
    "storage classes": "ceph-block (default), ceph-fs",
    "node worker-1": "16 CPUs, 64 GiB, no GPU",
    "node worker-2": "16 CPUs, 64 GiB, no GPU",
    "node worker-3": "16 CPUs, 64 GiB, no GPU, DiskPressure",
}
_VERSIONS = {
    "pytest-kubeflow": "0.2.0",
    "pytest": "9.0.1",
    "Python": "3.12.11",
    "Kubernetes": "1.34.4",
    "Kubeflow Pipelines": "2.17.0",
    "KServe": "0.18.0",
}
_CHECKS = (
    Check("gateway", "ok", "HTTP 200 as user@example.com", seconds=0.4),
    Check("kubernetes", "ok", "1.34.4, 3 nodes are ready", seconds=0.2),
    Check("pipelines", "ok", "2.17.0, runs can be created in user-example", seconds=0.3),
    Check("ml metadata", "ok", "reached by gRPC-web behind the gateway", seconds=0.1),
    Check(
        "object store", "ok", "SeaweedFS at seaweedfs.kubeflow:8333, 3 objects written", seconds=0.6
    ),
    Check(
        "gpu",
        "not checked",
        "no node offers nvidia.com/gpu",
    ),
)


_WEBHOOK = (
    "The webhook of PodDefaults cannot be reached: no pod of a profile starts "
    "(service kubeflow/poddefaults-webhook-service has no ready endpoint)."
)
_WRITE = "Output of write-out is missing: /data/output/sorted_numbers.csv has 8 lines, 9 expected."
_NO_GPU = "no GPU: no node that takes pods offers nvidia.com/gpu"

_EVENTS = Section(
    "3 events of the namespace",
    "02:15:03 Warning FailedCreate ReplicaSet/kf-iris-7f19b: Error creating: Internal error "
    'occurred: failed calling webhook "poddefaults.admission-webhook.kubeflow.org": Post '
    '"https://poddefaults-webhook-service.kubeflow.svc:443/apply-poddefault?timeout=10s": '
    "context deadline exceeded\n"
    "02:15:14 Warning FailedCreate ReplicaSet/kf-iris-7f19b: (same, 4 times)\n"
    "02:16:02 Normal ScalingReplicaSet Deployment/kf-iris: scaled up to 1\n",
)
_CONDITIONS = Section(
    "Conditions of InferenceService kf-iris",
    "Ready             False  PredictorNotReady\n"
    "PredictorReady    False  MinimumReplicasUnavailable: Deployment does not have minimum "
    "availability.\n"
    "IngressReady      False  Predictor ingress not created\n",
)
_FIX = "kubectl -n kubeflow rollout restart deployment/poddefaults-webhook-deployment"
_FOUND = Finding(
    fault=WEBHOOK_TIMES_OUT,
    component="poddefaults",
    severity=Severity.BROKEN,
    sentence="the webhook of PodDefaults does not answer within 10 s: no pod of a profile starts",
    fix=_FIX,
)

_NAMES: tuple[tuple[str, str, int], ...] = (
    ("pipelines/test_pythagorean.py", "test_every_task_returns_its_number", 5),
    ("pipelines/test_pythagorean.py", "test_hypotenuse", 5),
    ("pipelines/test_control_flow.py", "test_each_item_is_looped_over_and_one_branch_taken", 1),
    ("pipelines/test_control_flow.py", "test_exit_task_follows_failure", 1),
    ("pipelines/test_ordering.py", "test_after_orders_tasks", 1),
    ("pipelines/test_passing_data.py", "test_parameters_keep_value_and_kind", 6),
    ("pipelines/test_passing_data.py", "test_artifacts_keep_content_and_metadata", 1),
    ("pipelines/test_upload.py", "test_run_versions_of_uploaded_pipeline", 2),
    ("volumes/test_sort.py", "test_sorted", 3),
    ("objectstore/test_model_round_trip.py", "test_model_round_trip", 1),
    ("objectstore/test_model_round_trip.py", "test_large_binary_object", 1),
    ("objectstore/test_keys.py", "test_wrong_keys_are_refused_and_right_ones_accepted", 1),
    ("access/test_endpoints.py", "test_strangers_are_sent_away_and_we_get_in", 6),
    ("access/test_identity.py", "test_tampered_tokens_are_refused", 4),
    ("access/test_identity.py", "test_expired_token_is_refused", 1),
    ("access/test_login.py", "test_the_right_password_opens_the_dashboard", 1),
    ("resources/test_limits.py", "test_limits_arrive", 3),
    ("resources/test_enforcement.py", "test_too_much_memory_ends_oomkilled", 1),
    ("resources/test_placement.py", "test_request_that_no_node_meets", 1),
    ("resources/test_gpu.py", "test_count_and_product", 3),
    ("resources/test_gpu.py", "test_computation", 3),
    ("serving/test_deploy.py", "test_model_from_bucket", 1),
    ("serving/test_pipeline.py", "test_what_was_trained_is_served", 1),
    ("serving/test_pipeline.py", "test_retrained_model_replaces_the_old_one", 1),
    ("serving/test_protocols.py", "test_protocols_agree", 2),
    ("serving/test_access.py", "test_other_namespaces_are_refused", 2),
    ("serving/test_revisions.py", "test_canary_gets_its_share", 2),
)


def _tests() -> list[TestRecord]:
    """The tests of a green night, in the order in which they run."""
    made: list[TestRecord] = []
    at, now = 0, BEGAN + 30
    for module, name, number in _NAMES:
        for each in range(number):
            case = f"[{each + 3}-{each + 4}]" if number > 1 else ""
            component = module.partition("/")[0]
            made.append(
                TestRecord(
                    nodeid=f"suites/{module}::{name}{case}",
                    component=component,
                    outcome=Outcome.PASSED,
                    started=now,
                    seconds=0.1 + (at * 7 % 11) * 0.43,
                    runs=_runs_of(module, name, at),
                )
            )
            now += made[-1].seconds + 3.1
            at += 1
    return [_without_gpu(test) if "test_gpu" in test.nodeid else test for test in made]


def _runs_of(module: str, name: str, at: int) -> tuple[RunRecord, ...]:
    start = 2.0 + 1.7 * at
    if "pythagorean" in module:
        return (pythagorean(at % 5, 2.0 + at % 5),)
    if "control_flow" in module:
        return (loop(at, start),)
    if "test_sort" in module:
        return (sort_csv(at, start, broken=False),)
    if name in {"test_what_was_trained_is_served", "test_retrained_model_replaces_the_old_one"}:
        return (iris(at, start, broken=False),)
    if "passing_data" in module or "limits" in module or "ordering" in module:
        return (pythagorean(at, start),)
    return ()


def _without_gpu(test: TestRecord) -> TestRecord:
    return replace(
        test, outcome=Outcome.SKIPPED, sentence=_NO_GPU, cause="gpu", started=None, seconds=0.0
    )


def session(
    tests: list[TestRecord],
    *,
    took: float,
    interrupted: bool = False,
    ended_by: str = "",
    checks: tuple[Check, ...] = _CHECKS,
    exit_code: int = 0,
    **more: object,
) -> SessionRecord:
    """A session with these tests; verdict and causes are the product's own."""
    causes = causes_of(tests, [_FOUND])
    keys = by_test(causes)
    tests = [replace(test, cause=keys.get(test.nodeid, test.cause)) for test in tests]
    return SessionRecord(
        session="s-8d41c07e",
        gateway="https://kubeflow.example.com",
        target="production",
        user="user@example.com",
        started=BEGAN,
        ended=BEGAN + took,
        verdict=verdict_of(
            tests, checks=checks, causes=causes, interrupted=interrupted, ended_by=ended_by
        ),
        exit_code=exit_code,
        ended_by=ended_by,
        versions=_VERSIONS,
        facts=_FACTS,
        checks=checks,
        tests=tuple(tests),
        causes=causes,
        not_run=not_run_of(tests),
        **more,  # type: ignore[arg-type]
    )


def green() -> SessionRecord:
    """A good night: everything passed that could run."""
    tests = _tests()
    tests[17] = replace(
        tests[17],
        outcome=Outcome.XFAILED,
        sentence="Empty strings come back as None (known since 2.17, kubeflow/pipelines#12345).",
    )
    made = {"run": 25, "persistentvolumeclaim": 3, "inferenceservice": 6, "pod": 7}
    return session(tests, took=352.0, made=made)


def red() -> SessionRecord:
    """Serving is gone and volumes lose data."""
    tests = _tests()
    for at, test in enumerate(tests):
        if test.component == "serving":
            tests[at] = _broken(test, _WEBHOOK, (_EVENTS, _CONDITIONS), seconds=64.0)
            if "trained" in test.nodeid:
                tests[at] = replace(tests[at], runs=(iris(at, 2.0 + 1.7 * at, broken=True),))
        elif test.component == "volumes":
            log = Section("Log of write-out", "reading /data/input_numbers.csv: 9 numbers\n")
            tests[at] = _broken(test, _WRITE, (log,), seconds=0.4)
            tests[at] = replace(tests[at], runs=(sort_csv(at, 2.0 + 1.7 * at, broken=True),))
    tests = _one_after_another(tests)
    left = (
        Leftover("inferenceservice", "kf-iris-7f19b", "its finalizer has not run after 60 s"),
        Leftover("run", tests[22].runs[0].name, kept=True),
    )
    made = {"run": 25, "persistentvolumeclaim": 3, "inferenceservice": 6, "pod": 7}
    return session(tests, took=680.0, exit_code=1, made=made, left=left)


def _one_after_another(tests: list[TestRecord]) -> list[TestRecord]:
    """The same, each begun when the one before has ended."""
    found, now = [], BEGAN + 30
    for test in tests:
        found.append(test if test.started is None else replace(test, started=now))
        now += test.seconds + 0.2
    return found


def _broken(
    test: TestRecord, sentence: str, evidence: tuple[Section, ...], *, seconds: float
) -> TestRecord:
    return replace(
        test,
        outcome=Outcome.FAILED,
        sentence=sentence,
        phase="call",
        seconds=seconds,
        evidence=evidence,
        details=f"E   AssertionError: {sentence}\n\nsuites/{test.component}/test.py:41",
        captured=(Section("Captured log", "INFO kubeflow: the run is submitted\n"),),
    )


def unfit() -> SessionRecord:
    """No test began: the store does not take objects."""
    checks = (
        *_CHECKS[:4],
        Check(
            "object store",
            "failed",
            "seaweedfs.kubeflow:8333 answers 503 to every write: no volume is left on it "
            "(8 of 8 are taken).",
            "kubectl -n kubeflow set env deployment/seaweedfs WEED_VOLUME_MAX=32",
            3.1,
        ),
        Check("gpu", "not checked", "the object store is not fit"),
    )
    return session([], took=5.3, checks=checks, exit_code=78, ended_by="the preflight")


def interrupted() -> SessionRecord:
    """The CronJob's deadline came while services were waited for."""
    tests = _tests()
    for at, test in enumerate(tests):
        if at >= 27:
            waits = "its run had not ended" if test.runs else "its turn had not come"
            tests[at] = replace(
                test,
                outcome=Outcome.NOT_RUN,
                sentence=waits,
                started=None,
                seconds=0.0,
                runs=tuple(_cut(each) for each in test.runs),
                cause="",
            )
    tests[20] = _broken(tests[20], _WRITE, (), seconds=0.4)
    made = {"run": 25, "persistentvolumeclaim": 3}
    return session(tests, took=147.0, interrupted=True, ended_by="SIGTERM", exit_code=2, made=made)


def _cut(one: RunRecord) -> RunRecord:
    """A run that was terminated when its first tasks had ended."""
    (first, *rest) = one.tasks
    cut = (replace(each, state="CANCELED", ended=each.started) for each in rest)
    return replace(one, state="CANCELED", tasks=(first, *cut))


def trend(record: SessionRecord) -> Trend:
    """Two weeks before a session."""
    is_red = record.verdict.state is State.DEGRADED
    nights = [
        Night(f"s-{ago}", BEGAN - ago * _DAY, 340.0 + ago % 3, State.FIT, 56, 0, 6)
        for ago in range(13, 2, -1)
    ]
    nights += [
        Night(
            f"s-{ago}",
            BEGAN - ago * _DAY,
            620.0,
            State.DEGRADED if is_red else State.FIT,
            44 if is_red else 56,
            12 if is_red else 0,
            6,
        )
        for ago in (2, 1)
    ]
    counts = record.counts()
    failed = sum(number for outcome, number in counts.items() if outcome.is_red)
    passed = counts.get(Outcome.PASSED, 0)
    left = len(record.tests) - failed - passed
    nights.append(
        Night(record.session, BEGAN, record.seconds, record.verdict.state, passed, failed, left)
    )
    return Trend(
        nights=tuple(nights),
        red_since=BEGAN - 2 * _DAY if is_red else None,
        flaky={"suites/serving/test_revisions.py::test_canary_gets_its_share[3-4]": 0.14},
        slow=(
            Pace("suites/pipelines/test_ordering.py::test_after_orders_tasks", 88.2, 18.0, 21.0),
        ),
    )


SESSIONS: dict[str, Callable[[], SessionRecord]] = {
    "green": green,
    "red": red,
    "unfit": unfit,
    "interrupted": interrupted,
}
