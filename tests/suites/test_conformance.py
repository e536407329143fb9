"""The embedded cluster passes what a platform of Kubeflow 26.03 has to, and its bundle shows that.

It is a session of minutes. That a bundle which was tampered with shows nothing is tried with the
one that it has written: each change has a sentence of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.conformance import bundle
from pytest_kubeflow.conformance.archive import read
from pytest_kubeflow.conformance.inventory import Inventory
from pytest_kubeflow.conformance.product import Product
from pytest_kubeflow.conformance.requirements import requirements_of
from pytest_kubeflow.conformance.results import Results
from pytest_kubeflow.conformance.seal import SUMS, digest_of, sealed
from pytest_kubeflow.conformance.verification import verify
from tests.conformance import samples

ROOT = Path(__file__).parents[2]
FIRST = requirements_of("26.03").tests[0]
Files = dict[str, bytes]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The bundle of the embedded cluster."""
    folder = tmp_path_factory.mktemp("conformance")
    (folder / "product.yaml").write_text(samples.PRODUCT.text())
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--kf-host=local"),
            *("--kf-conformance=26.03", "--kf-conformance-product=product.yaml"),
            *("--pyargs", "suites"),
        ],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return read(folder / "kubeflow-conformance-26.03")


def test_it_conforms(written: Files) -> None:
    verdict = verify(written, version=version("pytest-kubeflow"), digest=digest_of(written))
    assert verdict.problems == ()
    assert verdict.release == "26.03"
    assert verdict.embedded


def again(files: Files, **changes: bytes) -> Files:
    """The same with other files, sealed again."""
    return samples.resealed(files, **changes)


def forged(files: Files, name: str, change: Callable[[dict[str, Any]], Any]) -> Files:
    """Results or platform changed, and all that is written of them made to agree."""
    from pydantic import TypeAdapter

    plain = {one: json.loads(files[one]) for one in (bundle.RESULTS, bundle.PLATFORM)}
    change(plain[name])
    for one in plain.values():
        del one["schema"]
    return sealed(
        bundle.files_of(
            Product.parse(files[bundle.PRODUCT]),
            TypeAdapter(Results).validate_python(plain[bundle.RESULTS]),
            TypeAdapter(Inventory).validate_python(plain[bundle.PLATFORM]),
        )
    )


def results(files: Files, change: Callable[[dict[str, Any]], Any]) -> Files:
    return forged(files, bundle.RESULTS, change)


def first(**fields: str) -> Callable[[dict[str, Any]], None]:
    return lambda plain: plain["tests"][0].update(fields)


TAMPERED: dict[str, Callable[[Files], Files]] = {
    "e2e.log is missing": lambda files: {
        name: content for name, content in files.items() if name != bundle.LOG
    },
    "notes.txt is no file of a bundle": lambda files: {**files, "notes.txt": b""},
    "platform.json was changed: its SHA-256 is not the one in": lambda files: {
        **files,
        bundle.PLATFORM: files[bundle.PLATFORM].replace(b'"embedded": true', b'"embedded": false'),
    },
    f"{SUMS} is broken: line 1 is no digest": lambda files: {**files, SUMS: b"fine\n"},
    "its list of tests is not that of Kubeflow 26.03": lambda files: results(
        files, lambda plain: plain.update(digest="sha256:0")
    ),
    "its list of tests is not that of Kubeflow 1.9": lambda files: results(
        files, lambda plain: plain.update(release="1.9")
    ),
    f"1 tests of the list are missing: {FIRST}": lambda files: results(
        files, lambda plain: plain["tests"].pop(0)
    ),
    f"1 tests are there twice: {FIRST}": lambda files: results(
        files, lambda plain: plain["tests"].append(plain["tests"][0])
    ),
    f"1 tests did not pass (skipped): {FIRST}": lambda files: results(
        files, first(outcome="skipped")
    ),
    f"1 tests did not pass (failed): {FIRST}": lambda files: results(
        files, first(outcome="failed", sentence="it is broken")
    ),
    f"1 tests did not pass (failed as known): {FIRST}": lambda files: results(
        files, first(outcome="failed as known")
    ),
    "the session was not green: its exit code was 1": lambda files: results(
        files, lambda plain: plain.update(exit_code=1)
    ),
    "it was made by pytest-kubeflow 99.0": lambda files: results(
        files, lambda plain: plain["versions"].update({"pytest-kubeflow": "99.0"})
    ),
    "junit_01.xml does not say what": lambda files: again(
        files, junit_01=files[bundle.JUNIT].replace(b"conformance", b"")
    ),
    "PRODUCT.yaml: it has no vendor": lambda files: again(
        files, PRODUCT=files[bundle.PRODUCT].replace(b'vendor: "Yoyodyne"\n', b"")
    ),
    "parts are of another release than Kubeflow 26.03: Katib v0.16": lambda files: forged(
        files, bundle.PLATFORM, lambda plain: plain["parts"].update(Katib="v0.16.0")
    ),
    "platform.json does not tell the release of Kubernetes": lambda files: forged(
        files, bundle.PLATFORM, lambda plain: plain.update(kubernetes="")
    ),
    "images have no digest": lambda files: forged(
        files, bundle.PLATFORM, lambda plain: plain.update(embedded=False)
    ),
}


@pytest.mark.parametrize("message", TAMPERED)
def test_tampered_with_it_shows_nothing(written: Files, message: str) -> None:
    problems = verify(TAMPERED[message](written), version=version("pytest-kubeflow")).problems
    assert any(message in one for one in problems), problems
