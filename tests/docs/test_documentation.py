"""What the documentation shows is true: code runs, links lead somewhere, lists agree."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from sybil import Document
from sybil.parsers.markdown import CodeBlockParser

from pytest_kubeflow.auth.known_refusals import KNOWN
from pytest_kubeflow.local.faults import FAULTS
from tests.chaos.mutations import MUTATIONS, SERVING

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def code_blocks(page: Path, language: str) -> list[str]:
    document = Document.parse(str(page), CodeBlockParser(language, evaluator=lambda _: None))
    return [str(example.parsed) for example in document.examples()]


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every Python block that names its file, as that file, in one directory."""
    directory = tmp_path_factory.mktemp("examples")
    for page in PAGES:
        for block in code_blocks(page, "python"):
            named = re.match(r"# file: (\S+)\n", block)
            assert named is not None, f"{page}: a Python block does not say which file it is"
            target = directory / named[1]
            assert not target.exists(), f"{page}: {named[1]} is shown twice"
            target.write_text(block)
    shutil.copy(ROOT / "suites/pipelines/pythagorean.py", directory / "my_pipelines.py")
    return directory


def test_the_examples_pass(examples: Path) -> None:
    names = sorted(path.name for path in examples.glob("test_*.py"))
    assert len(names) >= 4
    command = [sys.executable, "-m", "pytest", "-q", "--kf-host=local", "--kf-load=2", *names]
    done = subprocess.run(command, cwd=examples, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    subprocess.run([sys.executable, "example.py"], cwd=examples, check=True)


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{name}: {target}"


def test_ci_runs_the_commands_of_the_readme() -> None:
    (first, second) = (
        block.strip() for block in code_blocks(ROOT / "README.md", "sh") if ".venv" in block
    )
    script = (ROOT / ".ci/run").read_text()
    assert first in script
    assert second in script


def test_every_fault_is_described() -> None:
    page = (ROOT / "docs/reference/faults.md").read_text()
    assert dict(re.findall(r"^\| `([\w-]+)` \| (.+) \|$", page, re.MULTILINE)) == FAULTS


def test_every_known_refusal_is_described() -> None:
    page = (ROOT / "docs/reference/refusals.md").read_text()
    rows = re.findall(r"^\| (\d+)(?: below `(\S+)`)? \| `(.*)` \| (.+) \|$", page, re.MULTILINE)
    assert rows == [
        (
            str(known.status),
            known.path,
            known.words.replace("|", "\\|"),
            known.sentence.format(part="PART", pods="COMMAND"),
        )
        for known in KNOWN
    ]


def test_manifests_are_what_kubernetes_takes() -> None:
    """Each object has the fields of its kind, as the official client's models know them."""
    from kubernetes import client

    seen = []
    for page in PAGES:
        for block in code_blocks(page, "yaml"):
            for document in yaml.safe_load_all(block):
                group, _, version = document["apiVersion"].rpartition("/")
                model = getattr(client, f"{version.capitalize()}{document['kind']}", None)
                assert model is not None, f"{page}: {group} {document['kind']}"
                answer = SimpleNamespace(data=json.dumps(document))
                read = client.ApiClient().deserialize(answer, model)
                # What no field of the model takes would be missing here.
                assert client.ApiClient().sanitize_for_serialization(read) == document
                seen.append(document["kind"])
    assert "CronJob" in seen


def test_every_mutation_is_described() -> None:
    page = (ROOT / "docs/reference/chaos.md").read_text()
    described = re.findall(r"^\| `([\w-]+)` \| .+ \| `(.+)` \|$", page, re.MULTILINE)
    assert described == [(one.name, one.test.rpartition("::")[2]) for one in (*MUTATIONS, *SERVING)]
