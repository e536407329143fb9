"""Experiments from their first condition to their last, and what they leave."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes.client import ApiException

from tests.local.katib.conftest import Katib, experiment
from tests.local.webapps.conftest import eventually

BAD, SILENT = "false ${trialParameters.layers}", "echo ${trialParameters.layers}"


def value(trial: dict[str, Any], metric: str, field: str = "latest") -> str:
    metrics = trial["status"]["observation"]["metrics"]
    found: str = next(one for one in metrics if one["name"] == metric)[field]
    return found


def assigned(trial: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in trial["spec"]["parameterAssignments"]}


@pytest.fixture(scope="module")
def done(katib: Katib) -> str:
    """An experiment that has ended as it should."""
    name = katib.create(maxTrialCount=4)
    katib.ended(name)
    return name


def test_conditions_come_in_their_order(katib: Katib, done: str) -> None:
    found = katib.conditions(katib.get(done))
    assert found == [
        ("Created", "True", "ExperimentCreated"),
        ("Running", "False", "ExperimentRunning"),
        ("Succeeded", "True", "ExperimentMaxTrialsReached"),
    ]
    (last,) = [one for one in katib.get(done)["status"]["conditions"] if one["type"] == "Succeeded"]
    assert last["message"] == "Experiment has succeeded because max trial count has reached"


def test_its_optimum_is_the_best_of_its_trials(katib: Katib, done: str) -> None:
    status, trials = katib.get(done)["status"], katib.trials(done)
    optimum = status["currentOptimalTrial"]
    (best,) = (one for one in trials if one["metadata"]["name"] == optimum["bestTrialName"])
    assert value(best, "accuracy", "max") == max(value(one, "accuracy", "max") for one in trials)
    assert optimum["parameterAssignments"] == best["spec"]["parameterAssignments"]
    assert optimum["observation"]["metrics"] == best["status"]["observation"]["metrics"]


def test_counts_and_lists_are_those_of_its_trials(katib: Katib, done: str) -> None:
    status, trials = katib.get(done)["status"], katib.trials(done)
    assert (status["trials"], status["trialsSucceeded"]) == (4, 4)
    assert sorted(status["succeededTrialList"]) == sorted(one["metadata"]["name"] for one in trials)
    assert not {"runningTrialList", "trialsRunning", "failedTrialList"} & status.keys()
    assert status["startTime"] <= status["completionTime"]


def test_trials_observe_what_their_parameters_give(katib: Katib, done: str) -> None:
    for trial in katib.trials(done):
        layers = assigned(trial)["num-layers"]
        assert 2 <= int(layers) <= 9
        assert value(trial, "accuracy") == f"0.{layers}"
        assert value(trial, "Train-accuracy") == f"0.{layers}1"
        assert [one[:2] for one in katib.conditions(trial)] == [
            ("Created", "True"),
            ("Running", "False"),
            ("Succeeded", "True"),
        ]
        (last,) = [one for one in trial["status"]["conditions"] if one["type"] == "Succeeded"]
        assert last["reason"] == "TrialSucceeded. Job reason: CompletionsReached"
        assert last["message"].startswith("Trial has succeeded. Job message: Reached expected")


def test_a_trial_owns_its_job_and_says_what_it_does(katib: Katib, done: str) -> None:
    name = katib.trials(done)[0]["metadata"]["name"]
    (owner,) = katib.batch.read_namespaced_job(name, katib.namespace).metadata.owner_references
    assert (owner.kind, owner.name, owner.controller) == ("Trial", name, True)
    reasons = [reason for reason, _ in katib.events(name) if reason.startswith("Job")]
    assert set(reasons) == {"JobCreated", "JobRunning", "JobSucceeded"}


def test_a_pod_of_a_trial_is_wrapped(katib: Katib, done: str) -> None:
    trial = katib.trials(done)[0]["metadata"]["name"]
    (pod,) = katib.pods(trial)
    training, collector = pod.spec.containers
    # The collector has come after the token, whose volume it shares.
    (token,) = (one.name for one in pod.spec.volumes if one.name.startswith("kube-api-access-"))
    assert all(token in {one.name for one in each.volume_mounts} for each in pod.spec.containers)
    assert training.args[0].endswith(
        " 1>/var/log/katib/metrics.log 2>&1 && echo completed > /var/log/katib/$$$$.pid"
    )
    assert pod.spec.share_process_namespace
    assert collector.name == "metrics-logger-and-collector"
    log = katib.core.read_namespaced_pod_log(
        pod.metadata.name, katib.namespace, container=collector.name
    )
    assert f"Trial Name: {trial}" in log
    assert "main.go:143] accuracy=0." in log
    assert pod.metadata.labels["katib.kubeflow.org/experiment"] == done


def test_its_suggestion_ends_and_leaves_no_service(katib: Katib, done: str) -> None:
    eventually(lambda: ("Succeeded", "True") in types_of(katib, done))
    suggestion = katib.get(done, "suggestions")
    assert suggestion["spec"]["requests"] == suggestion["status"]["suggestionCount"] == 4
    found = katib.conditions(suggestion)
    assert found == [
        ("Created", "True", "SuggestionCreated"),
        ("Running", "False", "Suggestion is succeeded"),
        ("DeploymentReady", "False", "Suggestion is succeeded"),
        ("Succeeded", "True", "Experiment is succeeded"),
    ]
    selector = f"katib.kubeflow.org/suggestion={done}"
    eventually(lambda: katib.deployments(done) == [])
    eventually(
        lambda: katib.core.list_namespaced_pod(katib.namespace, label_selector=selector).items == []
    )


def types_of(katib: Katib, name: str) -> list[tuple[str, str]]:
    return [one[:2] for one in katib.conditions(katib.get(name, "suggestions"))]


def test_a_goal_that_is_reached_ends_it(katib: Katib) -> None:
    objective = experiment()["spec"]["objective"] | {"goal": 0.2}
    name = katib.create(objective=objective, maxTrialCount=50)
    status = katib.ended(name)
    assert katib.conditions({"status": status})[-1][2] == "ExperimentGoalReached"
    assert status["trials"] < 10


def test_trials_that_fail_end_it(katib: Katib) -> None:
    name = katib.create(script=BAD, maxTrialCount=9)
    status = katib.ended(name)
    assert katib.conditions({"status": status})[-1] == ("Failed", "True", "ExperimentFailed")
    assert status["conditions"][-1]["message"] == (
        "Experiment has failed because max failed count has reached"
    )
    assert status["trialsFailed"] >= 2
    trial = katib.get(status["failedTrialList"][0], "trials")
    last = trial["status"]["conditions"][-1]
    assert last["reason"] == "TrialFailed. Job reason: BackoffLimitExceeded"
    (pod,) = katib.pods(status["failedTrialList"][0])
    codes = {one.name: one.state.terminated.exit_code for one in pod.status.container_statuses}
    assert codes == {"training-container": 1, "metrics-logger-and-collector": 255}


def test_a_silent_trial_has_no_metrics(katib: Katib) -> None:
    name = katib.create(script=SILENT, maxTrialCount=9)
    status = katib.ended(name)
    assert katib.conditions({"status": status})[-1][0] == "Failed"
    trial = katib.get(status["metricsUnavailableTrialList"][0], "trials")
    last = trial["status"]["conditions"][-1]
    assert (last["type"], last["message"].split(". ")[0]) == (
        "MetricsUnavailable",
        "Metrics are not available",
    )
    assert value(trial, "accuracy") == "unavailable"
    assert status["currentOptimalTrial"] == {"observation": {}}


def test_never_more_trials_at_once_than_allowed(katib: Katib) -> None:
    from kubernetes import watch

    name = katib.create(maxTrialCount=6, parallelTrialCount=2)
    active: dict[str, bool] = {}
    most = 0
    stream = watch.Watch().stream(
        katib.custom.list_namespaced_custom_object,
        "kubeflow.org",
        "v1beta1",
        katib.namespace,
        "trials",
        label_selector=f"katib.kubeflow.org/experiment={name}",
        timeout_seconds=30,
    )
    for event in stream:
        trial = event["object"]
        ended = ("Succeeded", "True") in [one[:2] for one in katib.conditions(trial)]
        active[trial["metadata"]["name"]] = not ended
        most = max(most, sum(active.values()))
        if len(active) == 6 and not any(active.values()):
            break
    assert most == 2
    assert len(katib.trials(name)) == katib.ended(name)["trials"] == 6


def test_what_is_deleted_is_gone_with_all_that_it_has_made(katib: Katib) -> None:
    name = katib.create()
    katib.ended(name)
    trials = [one["metadata"]["name"] for one in katib.trials(name)]
    katib.delete(name)
    eventually(lambda: katib.trials(name) == [])
    eventually(lambda: not any(katib.pods(one) for one in trials))
    with pytest.raises(ApiException) as error:
        katib.get(name, "suggestions")
    assert error.value.status == 404


def test_jobs_that_are_not_kept_are_removed(katib: Katib) -> None:
    template = experiment()["spec"]["trialTemplate"] | {"retain": False}
    name = katib.create(trialTemplate=template)
    katib.ended(name)
    names = [one["metadata"]["name"] for one in katib.trials(name)]
    eventually(lambda: not any(katib.pods(one) for one in names))
    jobs = {one.metadata.name for one in katib.batch.list_namespaced_job(katib.namespace).items}
    assert not jobs & set(names)
    assert ("JobDeleted", f"Job {names[0]} has been deleted") in katib.events(names[0])


def test_one_that_may_is_begun_again_with_more_trials(katib: Katib) -> None:
    name = katib.create(resumePolicy="LongRunning", maxTrialCount=2)
    katib.ended(name)
    assert katib.deployments(name) == [f"{name}-random"]
    katib.patch(name, {"spec": {"maxTrialCount": 4}})
    eventually(lambda: katib.get(name)["status"].get("trialsSucceeded") == 4)
    katib.ended(name)
    found = [one[0] for one in katib.conditions(katib.get(name))]
    assert found == ["Created", "Restarting", "Running", "Succeeded"]
    katib.delete(name)
    eventually(lambda: katib.deployments(name) == [])


def test_one_keeps_its_state_in_a_volume(katib: Katib) -> None:
    name = katib.create(resumePolicy="FromVolume", maxTrialCount=2)
    katib.ended(name)
    claim = katib.core.read_namespaced_persistent_volume_claim(f"{name}-random", katib.namespace)
    assert claim.spec.resources.requests == {"storage": "1Gi"}
    eventually(lambda: katib.deployments(name) == [])
    katib.patch(name, {"spec": {"maxTrialCount": 3}})
    eventually(lambda: katib.get(name)["status"].get("trialsSucceeded") == 3)
    katib.ended(name)
    katib.delete(name)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("Never", "Experiment can be restarted if it is in succeeded state by reaching max trials"),
        ("LongRunning", "spec.maxTrialCount: Invalid value: 1: must be greater than status.trials"),
    ],
)
def test_one_that_has_ended_takes_no_fewer_trials(katib: Katib, policy: str, message: str) -> None:
    name = katib.create(
        resumePolicy=policy, maxTrialCount=1, parallelTrialCount=1, maxFailedTrialCount=1
    )
    katib.ended(name)
    with pytest.raises(ApiException) as refused:
        katib.patch(name, {"spec": {"maxFailedTrialCount": 0}})
    assert message in refused.value.body
    katib.delete(name)


WAITING = "sleep 600; echo accuracy=0.${trialParameters.layers}"


def running(katib: Katib, name: str) -> int:
    return int(katib.get(name).get("status", {}).get("trialsRunning", 0))


def test_with_fewer_at_once_the_newest_are_taken_away(katib: Katib) -> None:
    name = katib.create(script=WAITING, maxTrialCount=5, parallelTrialCount=2)
    eventually(lambda: running(katib, name) == 2)
    katib.patch(name, {"spec": {"parallelTrialCount": 1}})
    eventually(lambda: running(katib, name) == len(katib.trials(name)) == 1)
    suggestion = katib.get(name, "suggestions")
    known = suggestion["status"]["suggestions"]
    assert suggestion["spec"]["requests"] == suggestion["status"]["suggestionCount"] == len(known)
    katib.delete(name)


def test_what_is_deleted_by_hand_is_made_again(katib: Katib) -> None:
    # With one trial alone it would wait for ever, as a real one does: nothing is counted anew then.
    name = katib.create(script=WAITING, maxTrialCount=2, parallelTrialCount=2)
    eventually(lambda: running(katib, name) == 2)
    trial = katib.trials(name)[0]["metadata"]
    job = katib.batch.read_namespaced_job(trial["name"], katib.namespace).metadata.uid
    katib.batch.delete_namespaced_job(
        trial["name"], katib.namespace, propagation_policy="Background"
    )

    def jobs() -> list[str]:
        items = katib.batch.list_namespaced_job(katib.namespace).items
        return [one.metadata.uid for one in items if one.metadata.name == trial["name"]]

    eventually(lambda: bool(jobs()) and job not in jobs())
    katib.delete(trial["name"], "trials")
    # Its values are there still: it gets the same name.

    def made_again() -> bool:
        known = [one["metadata"] for one in katib.trials(name)]
        return any(one["name"] == trial["name"] and one["uid"] != trial["uid"] for one in known)

    eventually(made_again)
    katib.delete(name)


def test_a_name_may_be_made_up(katib: Katib) -> None:
    body = experiment(maxTrialCount=1, parallelTrialCount=1, maxFailedTrialCount=1)
    body |= {"apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment"}
    body["metadata"] = {"generateName": "made-up-"}
    made = katib.custom.create_namespaced_custom_object(
        "kubeflow.org", "v1beta1", katib.namespace, "experiments", body
    )
    assert katib.ended(made["metadata"]["name"])["trialsSucceeded"] == 1


@pytest.mark.parametrize(
    ("success", "failure", "conditions", "event"),
    [
        ("status.conditions.#.type", "none", ["Created", "Running"], ""),
        ("status.succeeded", "none", ["Created", "Running"], ""),
        ("none", "spec", ["Created", "Failed"], ""),
        ("@this", "none", ["Created"], "GJSON path part '@this': modifiers"),
    ],
)
def test_expressions_that_find_no_condition(
    katib: Katib, success: str, failure: str, conditions: list[str], event: str
) -> None:
    template = experiment()["spec"]["trialTemplate"]
    template |= {"successCondition": success, "failureCondition": failure}
    name = katib.create(
        trialTemplate=template, maxTrialCount=1, parallelTrialCount=1, maxFailedTrialCount=1
    )
    eventually(lambda: len(katib.trials(name)) == 1)
    trial = katib.trials(name)[0]["metadata"]["name"]

    def complete() -> bool:
        try:
            found = katib.batch.read_namespaced_job(trial, katib.namespace).status.conditions
        except ApiException:
            return False
        return any(one.type == "Complete" for one in found or [])

    eventually(complete)
    eventually(
        lambda: [one[0] for one in katib.conditions(katib.get(trial, "trials"))] == conditions
    )
    if event:
        eventually(lambda: any(event in text for _, text in katib.events(trial)))
    katib.delete(name)


def test_templates_may_stand_in_a_config_map(katib: Katib) -> None:
    import json

    template = experiment()["spec"]["trialTemplate"]
    text = json.dumps(template.pop("trialSpec"))
    body = {"metadata": {"name": "templates"}, "data": {"job.yaml": text}}
    katib.core.create_namespaced_config_map(katib.namespace, body)
    template |= {
        "configMap": {
            "configMapName": "templates",
            "configMapNamespace": katib.namespace,
            "templatePath": "job.yaml",
        },
        "successCondition": 'status.conditions.#(type=="Complete")#|#(status=="True")#',
        "failureCondition": 'status.conditions.#(type=="Failed")#|#(status=="True")#',
    }
    assert katib.ended(katib.create(trialTemplate=template))["trialsSucceeded"] == 3


def test_a_template_may_name_its_trial(katib: Katib) -> None:
    body = experiment(
        r'printf "accuracy=0.%s\n# %s\n" ${trialParameters.layers} ${trialParameters.me}'
    )
    parameters = body["spec"]["trialTemplate"]["trialParameters"]
    parameters.append({"name": "me", "reference": "${trialSpec.Name}"})
    name = katib.create(body)
    katib.ended(name)
    for trial in katib.trials(name):
        (container,) = trial["spec"]["runSpec"]["spec"]["template"]["spec"]["containers"]
        assert container["command"][-1].endswith(trial["metadata"]["name"])


def test_an_unknown_image_keeps_a_trial_waiting(katib: Katib) -> None:
    container = {
        "name": "training-container",
        "image": "docker.io/kubeflowkatib/mxnet-mnist:v1beta1-45c5727",
        "command": ["python3", "/opt/mxnet-mnist/mnist.py"],
        "args": ["--layers=${trialParameters.layers}"],
    }
    name = katib.create(experiment(container=container))
    eventually(lambda: len(katib.get(name).get("status", {}).get("runningTrialList", ())) == 2)
    trial = katib.trials(name)[0]["metadata"]["name"]

    def waiting() -> str:
        states = [
            one.state.waiting
            for pod in katib.pods(trial)
            for one in pod.status.container_statuses or []
        ]
        return " ".join(one.reason for one in states if one is not None)

    eventually(lambda: "ImagePullBackOff" in waiting() or "ErrImagePull" in waiting())
    katib.delete(name)


def test_without_a_command_no_pod_is_made(katib: Katib) -> None:
    container = {
        "name": "training-container",
        "image": "registry.example.com/team/train:1",
        "args": ["${trialParameters.layers}"],
    }
    name = katib.create(experiment(container=container))
    eventually(lambda: len(katib.trials(name)) == 2)
    trial = katib.trials(name)[0]["metadata"]["name"]

    def told() -> str:
        return " ".join(text for reason, text in katib.events(trial) if reason == "FailedCreate")

    eventually(lambda: "registry.example.com/v2/" in told())
    assert 'denied the request: Failed to get container image "registry.example.com' in told()
    katib.delete(name)


def test_trials_may_be_train_jobs(katib: Katib) -> None:
    """Their pods are found by the owners of owners: Trial, TrainJob, JobSet, Job."""
    template = {
        "primaryContainerName": "node",
        "retain": True,
        "trialParameters": [{"name": "layers", "reference": "num-layers"}],
        "trialSpec": {
            "apiVersion": "trainer.kubeflow.org/v1alpha1",
            "kind": "TrainJob",
            "spec": {
                "runtimeRef": {"name": "plain"},
                "trainer": {
                    "numNodes": 1,
                    "image": "busybox",
                    "command": ["sh", "-c", "echo accuracy=0.${trialParameters.layers}"],
                },
            },
        },
    }
    name = katib.create(trialTemplate=template, maxTrialCount=2)
    status = katib.ended(name)
    assert status["trialsSucceeded"] == 2
    for trial in katib.trials(name):
        assert value(trial, "accuracy") == f"0.{assigned(trial)['num-layers']}"
        assert trial["spec"]["successCondition"].startswith('status.conditions.#(type=="Complete")')
        job = katib.custom.get_namespaced_custom_object(
            "trainer.kubeflow.org",
            "v1alpha1",
            katib.namespace,
            "trainjobs",
            trial["metadata"]["name"],
        )
        (owner,) = job["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"]) == ("Trial", trial["metadata"]["name"])
