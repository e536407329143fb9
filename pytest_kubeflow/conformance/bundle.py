"""The files of a bundle, as the Kubernetes program asks for them, and two for machines.

Each is a function of product, results and inventory: the same give the same bytes. Times are in
results.json and junit_01.xml alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from xml.sax.saxutils import quoteattr

from pytest_kubeflow.conformance.inventory import Inventory
from pytest_kubeflow.conformance.product import Product
from pytest_kubeflow.conformance.results import MISSING, PASSED, Result, Results

SCHEMA = 1
PRODUCT, README, LOG = "PRODUCT.yaml", "README.md", "e2e.log"
JUNIT, RESULTS, PLATFORM = "junit_01.xml", "results.json", "platform.json"
NAMES = (PRODUCT, README, LOG, JUNIT, RESULTS, PLATFORM)

_FAILED = frozenset({"failed", "error"})


def files_of(product: Product, results: Results, inventory: Inventory) -> dict[str, bytes]:
    """The files by name, without their seal."""
    return {
        PRODUCT: product.text().encode(),
        **written_of(product, results, inventory),
        RESULTS: _json(asdict(results)),
        PLATFORM: _json(asdict(inventory)),
    }


def written_of(product: Product, results: Results, inventory: Inventory) -> dict[str, bytes]:
    """Those that are written for people and for tools that read nothing else."""
    return {
        README: _readme(product, results, inventory).encode(),
        LOG: ("\n".join(_log(results, inventory)) + "\n").encode(),
        JUNIT: ("\n".join(_junit(results)) + "\n").encode(),
    }


def _json(plain: dict[str, object]) -> bytes:
    return (json.dumps({"schema": SCHEMA, **plain}, indent=1, allow_nan=False) + "\n").encode()


def _readme(product: Product, results: Results, inventory: Inventory) -> str:
    passed = sum(one.outcome == PASSED for one in results.tests)
    embedded = (
        "\nIt was the embedded Kubeflow of pytest-kubeflow, which stands in for a platform and is "
        "none.\n"
        if inventory.embedded
        else ""
    )
    return f"""# {product.title}

{passed} of {len(results.tests)} tests that a platform of Kubeflow {results.release} has to pass \
have passed, on Kubernetes {inventory.kubernetes}.
{embedded}
To do it again, with a file product.yaml and the platform named as its users name it:

```sh
pip install pytest-kubeflow=={results.versions["pytest-kubeflow"]}
export KF_HOST=https://kubeflow.example.com KF_USERNAME=user@example.com KF_PASSWORD=...
pytest --kf-conformance={results.release} --kf-conformance-product=product.yaml
```

To verify it: `pytest --kf-verify=DIRECTORY`. The list of tests is {results.digest}.
"""


def _log(results: Results, inventory: Inventory) -> Iterator[str]:
    yield f"kubeflow release: {results.release}"
    yield f"list of tests: {results.digest}"
    yield f"kube-apiserver version: {inventory.kubernetes}"
    yield from (f"{name} version: {message}" for name, message in results.versions.items())
    yield from (f"{part} version: {message}" for part, message in inventory.parts.items())
    yield ""
    for one in results.tests:
        message = f": {one.sentence}" if one.sentence and one.outcome != PASSED else ""
        yield f"{one.outcome} {one.test}{message}"
    yield ""
    counts = [one.outcome for one in results.tests]
    passed, failed = counts.count(PASSED), sum(one in _FAILED for one in counts)
    pending = counts.count(MISSING)
    word = "SUCCESS!" if results.is_conformant else "FAIL!"
    yield (
        f"{word} -- {passed} Passed | {failed} Failed | {pending} Pending | "
        f"{len(counts) - passed - failed - pending} Skipped"
    )


def _junit(results: Results) -> Iterator[str]:
    failures = sum(one.outcome in _FAILED for one in results.tests)
    others = sum(one.outcome not in {PASSED, *_FAILED} for one in results.tests)
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield (
        f'<testsuite name="Kubeflow {results.release} conformance" tests="{len(results.tests)}" '
        f'failures="{failures}" skipped="{others}" time="{results.ended - results.started:.3f}">'
    )
    yield from map(_case, results.tests)
    yield "</testsuite>"


def _case(one: Result) -> str:
    path, _, name = one.test.partition("::")
    found = f'  <testcase classname={_quoted(path)} name={_quoted(name)} time="{one.seconds:.3f}"'
    if one.outcome == PASSED:
        return f"{found}/>"
    tag = "failure" if one.outcome in _FAILED else "skipped"
    message = f"{one.outcome}: {one.sentence}" if one.sentence else one.outcome
    return f"{found}><{tag} message={_quoted(message)}/></testcase>"


def _quoted(value: str) -> str:
    """An attribute of XML 1.0, which has no control characters."""
    return quoteattr("".join(char if char.isprintable() else " " for char in value))
