"""The recipes for CI are what the CI in question takes, as far as that can be checked here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_kubeflow.config.table import ACTIONS, OPTIONS

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "docs/recipes"
BY_SCHEMA = {
    "docs/recipes/github-actions.yml": "vendor.github-workflows",
    ".github/workflows/ci.yml": "vendor.github-workflows",
    ".github/workflows/release.yml": "vendor.github-workflows",
    "docs/recipes/gitlab-ci.yml": "vendor.gitlab-ci",
    ".gitlab-ci.yml": "vendor.gitlab-ci",
}
"""Files whose schema has been published."""


def check(path: Path, schema: str) -> subprocess.CompletedProcess[str]:
    transform = ["--data-transform", "gitlab-ci"] if schema.endswith("gitlab-ci") else []
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *transform, path],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", BY_SCHEMA)
def test_it_is_of_its_schema(name: str, tmp_path: Path) -> None:
    done = check(ROOT / name, BY_SCHEMA[name])
    assert done.returncode == 0, done.stdout
    # And the schema refuses something.
    broken = tmp_path / "broken.yml"
    text = (ROOT / name).read_text()
    broken.write_text(re.sub(r"^(    runs-on|  script):", r"\1-nothing:", text, flags=re.MULTILINE))
    assert check(broken, BY_SCHEMA[name]).returncode != 0


@pytest.mark.parametrize("path", sorted(RECIPES.iterdir()), ids=lambda path: str(path.name))
def test_its_options_are_ours(path: Path) -> None:
    text = path.read_text()
    known = {row.option for row in OPTIONS} | {one.partition("=")[0] for one in ACTIONS}
    found = set(re.findall(r"--kf-[a-z-]+", text))
    assert found, "a recipe without an option of ours"
    assert found <= known
    variables = {row.env for row in OPTIONS}
    assert set(re.findall(r"\bKF_[A-Z0-9_]+", text)) <= variables


def test_the_tekton_task_mounts_what_it_declares() -> None:
    task = yaml.safe_load((RECIPES / "tekton.yaml").read_text())
    assert (task["apiVersion"], task["kind"]) == ("tekton.dev/v1", "Task")
    mounts_fit(task["spec"]["steps"][0], task["spec"])
    declared = {one["name"] for one in task["spec"]["workspaces"]}
    used = re.findall(r"\$\(workspaces\.(\w+)\.path\)", task["spec"]["steps"][0]["script"])
    assert set(used) == declared


def test_the_workflow_of_the_cron_workflow_mounts_what_it_declares() -> None:
    made = yaml.safe_load((RECIPES / "argo-cronworkflow.yaml").read_text())
    assert (made["apiVersion"], made["kind"]) == ("argoproj.io/v1alpha1", "CronWorkflow")
    spec = made["spec"]["workflowSpec"]
    (template,) = spec["templates"]
    assert template["name"] == spec["entrypoint"]
    mounts_fit(template["container"], spec)


def mounts_fit(container: dict[str, Any], spec: dict[str, Any]) -> None:
    declared = {one["name"] for one in spec["volumes"]}
    assert {one["name"] for one in container["volumeMounts"]} == declared
