"""A bundle of a platform that conforms, made of parts that tests change."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from pytest_kubeflow.conformance.bundle import RESULTS, files_of, written_of
from pytest_kubeflow.conformance.inventory import Image, Inventory
from pytest_kubeflow.conformance.product import Product
from pytest_kubeflow.conformance.requirements import requirements_of
from pytest_kubeflow.conformance.results import Result, Results
from pytest_kubeflow.conformance.seal import SUMS, sealed
from pytest_kubeflow.platform.definition import Definition

VERSION = "0.0.1"
PRODUCT = Product.parse(
    b"""
vendor: Yoyodyne
name: Turbo Encabulator
version: "1.7.4"
website_url: https://yoyo.dyne/turbo-encabulator
documentation_url: https://yoyo.dyne/turbo-encabulator/docs
type: distribution
description: 'A Kubeflow for all your "encabulating" needs: \xc3\xa9'
"""
)
INVENTORY = Inventory(
    kubernetes="v1.34.1",
    parts={"Katib": "v0.19.0", "Trainer": "v2.2.0", "Istio": "1.30.0", "Pipelines": "2.16.1"},
    images=(Image("docker.io/library/python:3.11", f"sha256:{'0' * 64}"),),
    definitions=(Definition("experiments.kubeflow.org", ("v1beta1",), ("v1beta1",)),),
)


def results(release: str = "26.03", **changes: Any) -> Results:
    """Those of a session in which all has passed."""
    wanted = requirements_of(release)
    found = Results(
        release=release,
        digest=wanted.digest,
        tests=tuple(Result(one, "passed", 1.5) for one in wanted.tests),
        versions={"pytest-kubeflow": VERSION, "pytest": "9.0.0", "Python": "3.12.1"},
        exit_code=0,
        started=1_800_000_000.0,
        ended=1_800_000_600.5,
    )
    return replace(found, **changes)


def bundle(
    found: Results | None = None, *, product: Product = PRODUCT, inventory: Inventory = INVENTORY
) -> dict[str, bytes]:
    """The files, sealed."""
    return sealed(files_of(product, found or results(), inventory))


def resealed(files: dict[str, bytes], **changes: bytes) -> dict[str, bytes]:
    """As somebody would seal them who has changed some; names without their dots."""
    kept = {name: content for name, content in files.items() if name != SUMS}
    by_key = {name.partition(".")[0]: name for name in kept}
    return sealed({**kept, **{by_key[key]: content for key, content in changes.items()}})


def forged(change: Callable[[dict[str, Any]], Any]) -> dict[str, bytes]:
    """A bundle whose results were changed, and all else made to agree with them."""
    plain = json.loads(bundle()[RESULTS])
    change(plain)
    tests = tuple(Result(**one) for one in plain.pop("tests"))
    plain.pop("schema")
    return bundle(Results(tests=tests, **plain))


def rewritten(found: Results) -> dict[str, bytes]:
    """What is written of other results than those that are in the bundle."""
    return {**bundle(), **written_of(PRODUCT, found, INVENTORY)}


def plain(found: Results) -> dict[str, Any]:
    """Results as JSON has them."""
    return asdict(found)
