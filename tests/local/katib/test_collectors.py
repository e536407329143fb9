"""What is collected of a trial, whatever way it tells: a file, events, or by itself."""

from __future__ import annotations

import base64
import itertools
import shlex
import struct
from typing import Any

import pytest

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.ports.portforward import PortForward
from pytest_kubeflow.local.katib.algorithms.service import _row
from pytest_kubeflow.local.katib.algorithms.space import Parameter
from pytest_kubeflow.local.katib.collector.tfevents import _TABLE as EVENTS
from tests.local.katib.conftest import Katib
from tests.local.katib.test_experiments import value
from tests.local.webapps.conftest import eventually

LAYERS = "${trialParameters.layers}"


def file_source(path: str, **more: Any) -> dict[str, Any]:
    return {"fileSystemPath": {"path": path, "kind": "File", **more}}


def only_trial(katib: Katib, **spec: Any) -> dict[str, Any]:
    name = katib.create(maxTrialCount=1, parallelTrialCount=1, maxFailedTrialCount=1, **spec)
    katib.ended(name)
    (trial,) = katib.trials(name)
    return trial


def layers_of(trial: dict[str, Any]) -> str:
    found: str = trial["spec"]["parameterAssignments"][0]["value"]
    return found


def test_a_file_of_lines(katib: Katib) -> None:
    trial = only_trial(
        katib,
        script=f"echo accuracy = 0.{LAYERS} > /metrics/out.log",
        metricsCollectorSpec={
            "collector": {"kind": "File"},
            "source": file_source("/metrics/out.log"),
        },
    )
    assert value(trial, "accuracy") == f"0.{layers_of(trial)}"


def test_a_file_of_json(katib: Katib) -> None:
    line = r'{"accuracy": "0.%s", "timestamp": 1638422847.28721}\n'
    trial = only_trial(
        katib,
        script=f"printf '{line}' {LAYERS} > /metrics/out.json",
        metricsCollectorSpec={
            "collector": {"kind": "File"},
            "source": file_source("/metrics/out.json", format="JSON"),
        },
    )
    assert value(trial, "accuracy") == f"0.{layers_of(trial)}"


def test_a_filter_of_ones_own(katib: Katib) -> None:
    own = r"{metricName: ([\w|-]+), metricValue: ((-?\d+)(\.\d+)?)}"
    trial = only_trial(
        katib,
        script=f"echo '{{metricName: accuracy, metricValue: 0.{LAYERS}}}'",
        metricsCollectorSpec={
            "collector": {"kind": "StdOut"},
            "source": {"filter": {"metricsFormat": [own]}},
        },
    )
    assert value(trial, "accuracy") == f"0.{layers_of(trial)}"


def test_the_least_the_greatest_and_the_last_value(katib: Katib) -> None:
    values = " ".join(f"accuracy={one}" for one in ("0.5", "0.1", "0.9", "0.4"))
    trial = only_trial(katib, script=f"printf '%s\\n' {values} {LAYERS}")
    found = [value(trial, "accuracy", field) for field in ("min", "max", "latest")]
    assert found == ["0.1", "0.9", "0.4"]


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("printf accuracy=0.5", "0.5"),
        (r"printf 'accuracy=0.5\r\n'", "0.5"),
        (r"printf '\033[1m accuracy=0.5\033[0m\n'", "0.5"),
        ("head -c 1000000 /dev/zero | tr '\\0' a; echo accuracy; echo accuracy=0.5", "0.5"),
        ("head -c 10000 /dev/urandom; echo; echo accuracy=0.5", "0.5"),
        ("echo accuracy=nan", ""),
    ],
)
def test_odd_logs(katib: Katib, script: str, found: str) -> None:
    trial = only_trial(katib, script=f"sh -c {shlex.quote(script)} trial {LAYERS}")
    assert value(trial, "accuracy") == found
    # What is no number is a value to Katib all the same.
    assert katib.conditions(trial)[-1][0] == "Succeeded"


def test_events_of_tensorflow(katib: Katib) -> None:
    summary = EVENTS.new("Summary", value=[EVENTS.new("Value", tag="accuracy", simple_value=0.5)])
    event = EVENTS.new("Event", wall_time=1700000000.0, step=1, summary=summary)
    data = event.SerializeToString()
    record = struct.pack("<QI", len(data), 0) + data + b"\0\0\0\0"
    text = base64.b64encode(record).decode()
    file = "/var/log/katib/tfevent/test/events.out.tfevents.1"
    write = f"echo {text} {LAYERS} | cut -d' ' -f1 | base64 -d > {file}"
    trial = only_trial(
        katib,
        script=f"mkdir -p $(dirname {file}); {write}",
        metricsCollectorSpec={"collector": {"kind": "TensorFlowEvent"}},
        objective={"type": "maximize", "objectiveMetricName": "test/accuracy"},
    )
    assert value(trial, "test/accuracy") == "0.5"
    (pod,) = katib.pods(trial["metadata"]["name"])
    log = katib.core.read_namespaced_pod_log(
        pod.metadata.name, katib.namespace, container="metrics-collector"
    )
    assert "1 metrics will be reported" in log


def test_what_a_trial_pushes_by_itself(katib: Katib) -> None:
    """By gRPC, as the SDK's `report_metrics` does it: from the test, in the trial's name."""
    import grpc

    from pytest_kubeflow.local.katib.messages import message_class, new

    spec = {"collector": {"kind": "Push"}}
    name = katib.create(
        script=f"while ! test -e /tmp/go; do sleep 0.1; done; echo {LAYERS}",
        maxTrialCount=1,
        parallelTrialCount=1,
        maxFailedTrialCount=1,
        metricsCollectorSpec=spec,
    )
    eventually(lambda: len(katib.trials(name)) == 1)
    trial = katib.trials(name)[0]["metadata"]["name"]
    eventually(lambda: [one.status.phase for one in katib.pods(trial)] == ["Running"])
    (pod,) = katib.pods(trial)
    assert [one.name for one in pod.spec.containers] == ["training-container"]
    assert pod.spec.containers[0].env[0].name == "KATIB_TRIAL_NAME"
    metric = new("Metric", name="accuracy", value="0.75")
    log = new("MetricLog", time_stamp="2026-01-02T03:04:05Z", metric=metric)
    request = new(
        "ReportObservationLogRequest",
        trial_name=trial,
        observation_log=new("ObservationLog", metric_logs=[log]),
    )
    kubernetes = KubernetesClient(katib.endpoints.kubeconfig)
    with (
        PortForward(kubernetes, "kubeflow", "katib-db-manager", 6789) as forward,
        grpc.insecure_channel(forward.url.removeprefix("http://")) as channel,
    ):
        report = channel.unary_unary(
            "/api.v1.beta1.DBManager/ReportObservationLog",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_class("ReportObservationLogReply").FromString,
        )
        report(request, timeout=10)
    from kubernetes.stream import stream

    stream(
        katib.core.connect_get_namespaced_pod_exec,
        pod.metadata.name,
        katib.namespace,
        command=["touch", "/tmp/go"],  # noqa: S108 in its container
        stdout=True,
        stderr=True,
    )
    katib.ended(name)
    assert value(katib.get(trial, "trials"), "accuracy") == "0.75"


def test_a_trial_that_pushes_nothing_has_no_metrics(katib: Katib) -> None:
    trial = only_trial(
        katib, script=f"echo {LAYERS}", metricsCollectorSpec={"collector": {"kind": "Push"}}
    )
    assert [one[0] for one in katib.conditions(trial)][-1] == "MetricsUnavailable"


def test_without_a_db_manager_trials_fail_and_deleting_waits(katib: Katib) -> None:
    def scale(replicas: int) -> None:
        katib.apps.patch_namespaced_deployment_scale(
            "katib-db-manager", "kubeflow", {"spec": {"replicas": replicas}}
        )

    def ready() -> int:
        found = katib.core.read_namespaced_endpoints("katib-db-manager", "kubeflow").subsets
        return len(found or [])

    scale(0)
    try:
        eventually(lambda: ready() == 0)
        name = katib.create(maxTrialCount=1, parallelTrialCount=1, maxFailedTrialCount=1)
        katib.ended(name)
        (trial,) = katib.trials(name)
        assert [one[0] for one in katib.conditions(trial)][-1] == "Failed"
        (pod,) = katib.pods(trial["metadata"]["name"])
        log = katib.core.read_namespaced_pod_log(
            pod.metadata.name, katib.namespace, container="metrics-logger-and-collector"
        )
        assert "Failed to Report logs: rpc error: code = Unavailable desc = " in log
        katib.delete(name)
        eventually(lambda: katib.trials(name)[0]["metadata"].get("deletionTimestamp"))
        assert katib.trials(name)[0]["metadata"]["finalizers"] == ["clean-metrics-in-db"]
    finally:
        scale(1)
    eventually(lambda: ready() == 1)
    eventually(lambda: katib.trials(name) == [])


def test_a_trial_that_stays_behind_is_stopped(katib: Katib) -> None:
    """The third of three, by a seed that is known to make it the first bad one."""
    kinds = Parameter("kind", "CATEGORICAL", "", "", "", ("good", "bad"), "UNIFORM")
    seed = next(
        str(seed)
        for seed in itertools.count()
        if [_row([kinds], str(seed), number) for number in range(3)]
        == [["good"], ["good"], ["bad"]]
    )
    body = (
        "if [ $1 = good ]; then for step in 1 2 3; do echo accuracy=0.9; done; exit 0; fi\n"
        "for step in 1 2 3; do echo accuracy=0.1; done\n"
        "sleep 600"
    )
    name = katib.create(
        script=f"sh -c {shlex.quote(body)} trial {LAYERS}",
        parallelTrialCount=1,
        parameters=[
            {
                "name": "num-layers",
                "parameterType": "categorical",
                "feasibleSpace": {"list": ["good", "bad"]},
            }
        ],
        algorithm={
            "algorithmName": "random",
            "algorithmSettings": [{"name": "random_state", "value": seed}],
        },
        earlyStopping={
            "algorithmName": "medianstop",
            "algorithmSettings": [
                {"name": "min_trials_required", "value": "1"},
                {"name": "start_step", "value": "2"},
            ],
        },
    )
    status = katib.ended(name)
    assert (status["trialsSucceeded"], status["trialsEarlyStopped"]) == (2, 1)
    (stopped,) = status["earlyStoppedTrialList"]
    trial = katib.get(stopped, "trials")
    assert layers_of(trial) == "bad"
    assert trial["spec"]["earlyStoppingRules"] == [
        {"name": "accuracy", "value": "0.9", "comparison": "less", "startStep": 2}
    ]
    eventually(lambda: "observation" in katib.get(stopped, "trials")["status"])
    assert value(katib.get(stopped, "trials"), "accuracy", "max") == "0.1"
    role = f"{name}-random"
    selector = {"namespace": katib.namespace, "name": role}
    assert katib.core.read_namespaced_service_account(**selector)
