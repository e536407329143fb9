"""What trials run: commands and functions, tried by the shell that Katib has read them."""

from __future__ import annotations

import os
import subprocess
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.k8s.objects.manifest import read_manifest
from pytest_kubeflow.katib.observation import metrics_in_log
from pytest_kubeflow.katib.program import check_command, function_command
from pytest_kubeflow.katib.search_space import (
    CategoricalParameter,
    DiscreteParameter,
    DoubleParameter,
    IntParameter,
)
from pytest_kubeflow.katib.spec import KIND, ExperimentSpec, check_name

from .objects import SPACE


def computes(lr: float, num_layers: int, optimizer: str) -> dict[str, object]:
    """It says '$HOME', "quoted" and $(nothing)."""
    kinds = [type(one).__name__ for one in (lr, num_layers, optimizer)]
    assert kinds == ["float", "int", "str"], kinds
    return {"accuracy": lr * num_layers, "letters": len(optimizer)}


def breaks(lr: float, num_layers: int, optimizer: str) -> None:
    raise ValueError(f"no luck with {lr}, {num_layers}, {optimizer}")


def wrapped(command: list[str], values: dict[str, str], folder: Path) -> Any:
    """Run a command as Katib has a trial run it (wrapWorkerContainer), with these values."""
    text = command[-1]
    for name, value in values.items():
        text = text.replace(f"${{trialParameters.{name}}}", value)
    # What Kubernetes does with the arguments of containers.
    text = text.replace("$$(", "$(")
    log = folder / "metrics.log"
    line = f"{text} 1>{log} 2>&1 && echo completed > {folder}/$$.pid"
    done = subprocess.run([*command[:-1], line], capture_output=True, text=True, check=False)
    return done, log.read_text(), [*folder.glob("*.pid")]


def test_a_function_runs_with_its_values(tmp_path: Path) -> None:
    command = function_command(computes, SPACE)
    values = {"lr": "0.02", "num-layers": "3", "optimizer": "adam"}
    done, log, ended = wrapped(command, values, tmp_path)
    assert done.returncode == 0, log + done.stderr
    assert metrics_in_log(log, ["accuracy", "letters"]) == {"accuracy": [0.06], "letters": [4.0]}
    assert [one.read_text() for one in ended] == ["completed\n"]


def test_a_function_that_fails_has_its_traceback_in_the_log(tmp_path: Path) -> None:
    values = {"lr": "0.02", "num-layers": "3", "optimizer": "adam"}
    done, log, ended = wrapped(function_command(breaks, SPACE), values, tmp_path)
    assert done.returncode == 1
    assert "ValueError: no luck with 0.02, 3, adam" in log
    assert not ended


def test_packages_are_installed_before() -> None:
    command = function_command(
        computes, SPACE, packages=["scikit-learn>1"], index_urls=["https://a/simple", "https://b"]
    )
    assert (
        "[sys.executable, *['-m', 'pip', 'install', '--quiet', '--index-url', 'https://a/simple', "
        "'--extra-index-url', 'https://b', 'scikit-learn>1']]"
    ) in command[-1]


def test_a_package_that_is_not_there_is_told_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An image has pip; the environment of these tests may have none.
    venv.create(tmp_path / "image", with_pip=True)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'image' / 'bin'}:{os.environ['PATH']}")
    command = function_command(
        computes, SPACE, packages=["no-such-package"], index_urls=["http://127.0.0.1:9/simple"]
    )
    values = {"lr": "0.02", "num-layers": "3", "optimizer": "adam"}
    done, log, ended = wrapped(command, values, tmp_path)
    assert done.returncode == 1
    assert "No matching distribution found for no-such-package" in log
    assert "what the trial needs is not installed" in log
    assert not ended


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


@decorated
def with_decorator(lr: float, num_layers: int, optimizer: str) -> None: ...


def with_placeholder(lr: float, num_layers: int, optimizer: str) -> str:
    return "${trialParameters.lr}"


def with_less(lr: float) -> None: ...


def with_end(lr: float, num_layers: int, optimizer: str) -> str:
    return """
END_OF_TRIAL
"""


def closing(number: int) -> Callable[..., Any]:
    def inner(lr: float, num_layers: int, optimizer: str) -> dict[str, float]:
        return {"accuracy": number}

    return inner


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda: None, "<lambda> cannot be sent to a trial: give a function that begins"),
        (print, "print cannot be sent to a trial"),
        (with_decorator, "the function with_decorator has a decorator, or is async"),
        (with_placeholder, "contains ${trialParameters.lr}, which Katib replaces by a value"),
        (with_less, "cannot be called with lr, num_layers, optimizer"),
        (with_end, "a line of with_end is END_OF_TRIAL"),
        (closing(3), "the function inner uses number of another one around it"),
    ],
)
def test_functions_that_cannot_be_sent(function: Any, words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        function_command(function, SPACE)
    assert words in refused.value.message
    assert "\n" not in refused.value.message


def test_words_that_a_shell_would_read() -> None:
    space = {**SPACE, "optimizer": CategoricalParameter(("adam", "$(reboot)"))}
    with pytest.raises(ConfigurationError, match="would be read by a shell"):
        function_command(computes, space)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("python3 train.py", "the command of a trial is a list of words"),
        ([], "the command of a trial is a list of words"),
        (["train", "${trialParameters.lr}"], "has no place for num-layers, optimizer: write"),
        (
            ["train", "${trialParameters.rate}", "${trialParameters.lr}"],
            "has places for rate, which the search space lacks; it has: lr, num-layers, optimizer",
        ),
    ],
)
def test_commands_that_have_no_place_for_values(command: Any, words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        check_command(command, SPACE)
    assert words in refused.value.message


def spec(**changes: Any) -> ExperimentSpec:
    wanted: dict[str, Any] = {"space": SPACE, "trial": computes, "metric": "accuracy", "image": "i"}
    return ExperimentSpec(**{**wanted, **changes})


def test_an_experiment() -> None:
    made = spec(
        goal=0.99,
        additional_metrics=["letters"],
        algorithm="tpe",
        algorithm_settings={"random_state": "7"},
        early_stopping={"start_step": "2"},
        service_account="default-editor",
        env={"A": "b"},
    ).manifest("tuned", "team", {"ours": "yes"})
    assert made["metadata"] == {"name": "tuned", "namespace": "team", "labels": {"ours": "yes"}}
    wanted = made["spec"]
    assert wanted["objective"] == {
        "type": "maximize",
        "objectiveMetricName": "accuracy",
        "goal": 0.99,
        "additionalMetricNames": ["letters"],
    }
    assert wanted["algorithm"] == {
        "algorithmName": "tpe",
        "algorithmSettings": [{"name": "random_state", "value": "7"}],
    }
    assert wanted["earlyStopping"]["algorithmName"] == "medianstop"
    counts = [wanted[f"{one}Count"] for one in ("parallelTrial", "maxTrial", "maxFailedTrial")]
    assert counts == [3, 12, 3]
    pod = wanted["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "default-editor"
    assert pod["containers"][0]["name"] == wanted["trialTemplate"]["primaryContainerName"]
    endless = spec(trials=None, max_failed=None).manifest("tuned", "team", {})["spec"]
    assert {"maxTrialCount", "maxFailedTrialCount"}.isdisjoint(endless)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"space": {}}, "an experiment has one parameter at least"),
        ({"metric": ""}, "an experiment has a metric"),
        ({"additional_metrics": ["accuracy"]}, "it is none of the additional ones"),
        ({"metric": "Validation accuracy"}, "'Validation accuracy' is none that Katib reads in"),
        ({"metric": "точность"}, "is none that Katib reads in a log"),
        ({"additional_metrics": ["a;b"]}, "'a;b' is none that Katib reads in a log"),
        ({"goal": float("nan")}, "goal=nan is no number that can be reached"),
        ({"goal": float("inf")}, "goal=inf is no number that can be reached"),
        ({"direction": "up"}, "direction='up' is none; valid: maximize, minimize"),
        ({"parallel": 0}, "parallel=0: it is 1 at least"),
        ({"trials": 0}, "trials=0: it is 1 at least"),
        ({"max_failed": -1}, "max_failed=-1: it is 0 at least"),
        ({"parallel": 13}, "parallel=13 is more than trials=12, which Katib refuses"),
        ({"max_failed": 13}, "max_failed=13 is more than trials=12"),
        ({"algorithm": "grid"}, "a grid has no points along lr: give it a step"),
    ],
)
def test_experiments_that_katib_would_refuse_or_never_end(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        spec(**changes)
    assert words in refused.value.message


@pytest.mark.parametrize("name", ["", "Tuned", "1st", "end-", "a" * 41, "a_b", "ä"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(ConfigurationError, match="is no name for an Experiment"):
        check_name(name)


def test_manifests(tmp_path: Path) -> None:
    text = "apiVersion: kubeflow.org/v1beta1\nkind: Experiment\nspec: {parameters: []}\n"
    path = tmp_path / "experiment.yaml"
    path.write_text(text)
    assert read_manifest(text, KIND) == read_manifest(path, KIND)
    cases: list[tuple[Any, str]] = [
        (tmp_path / "absent.yaml", "absent.yaml cannot be read"),
        ("a: [", "the manifest is no YAML"),
        ("- a", "the manifest is no Experiment but a list"),
        (str(path), "would be the name of a file: write Path("),
        (f"{text}---\n{text}", "the manifest has 2 documents, and one object is wanted"),
        ("a: 1", "the manifest is no Experiment: it has no apiVersion and no kind"),
        ({"kind": ["Experiment"], "apiVersion": "v1"}, "is a ['Experiment'] of v1, and no"),
        (f"{text}metadata: {{labels: [a]}}", "has metadata.labels that are no mapping"),
        ("kind: Job\napiVersion: batch/v1", "is a Job of batch/v1, and no Experiment"),
        (text.replace("{parameters: []}", "3"), "has a spec that is no mapping"),
    ]
    for wrong, words in cases:
        with pytest.raises(ConfigurationError) as refused:
            read_manifest(wrong, KIND)
        assert words in refused.value.message
        assert "\n" not in refused.value.message


def test_discrete_numbers_are_floats(tmp_path: Path) -> None:
    space = {"c": DiscreteParameter((0.0001, 1.0)), "n": IntParameter(1, 2)}
    done, log, _ = wrapped(
        function_command(regularised, space), {"c": "0.0001", "n": "2"}, tmp_path
    )
    assert done.returncode == 0, log
    assert metrics_in_log(log, ["total"]) == {"total": [2.0001]}


def regularised(c: float, n: int) -> dict[str, float]:
    return {"total": c + n}


def test_doubles_have_no_end_of_values() -> None:
    assert spec(
        algorithm="grid",
        space={"lr": DoubleParameter(0, 1, step=0.5)},
        trial=["a", "${trialParameters.lr}"],
    ).manifest("x", "y", {})
