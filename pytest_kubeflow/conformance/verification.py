"""Verification: whether a bundle that somebody sends shows what it claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from packaging.version import InvalidVersion, Version

from pytest_kubeflow.conformance.bundle import (
    LOG,
    NAMES,
    PLATFORM,
    PRODUCT,
    RESULTS,
    SCHEMA,
    written_of,
)
from pytest_kubeflow.conformance.inventory import Inventory
from pytest_kubeflow.conformance.product import Product, ProductError
from pytest_kubeflow.conformance.requirements import RELEASES, requirements_of, some_of
from pytest_kubeflow.conformance.results import PASSED, Results
from pytest_kubeflow.conformance.seal import SUMS, broken, digest_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a bundle shows: nothing, where there are `problems`, a sentence each."""

    problems: tuple[str, ...]
    digest: str
    title: str = ""
    release: str = ""
    embedded: bool = False

    @property
    def lines(self) -> tuple[str, ...]:
        """The same for people."""
        if self.problems:
            return (*self.problems, f"it does not show that a platform conforms ({self.digest})")
        message = f"{self.title} conforms to Kubeflow {self.release}: {self.digest}"
        note = "it is the embedded Kubeflow, which stands in for a platform and is none"
        return (message, note) if self.embedded else (message,)


class _UnreadableError(ValueError):
    """A file that is none of a bundle: one line that says why."""


def verify(files: Mapping[str, bytes], *, version: str, digest: str = "") -> Verdict:
    """What the files of a bundle show; `version` is that of this pytest-kubeflow.

    With `digest` it has to be the bundle of that digest.
    """
    own = digest_of(files)
    problems = list(_whole(files))
    if not problems and digest and digest != own:
        problems.append(f"it is another bundle than the one asked for: its digest is {own}")
    if problems:
        return Verdict(tuple(problems), own)
    try:
        product = Product.parse(files[PRODUCT])
        results = _read(files, RESULTS, Results)
        inventory = _read(files, PLATFORM, Inventory)
    except ProductError as error:
        return Verdict((f"{PRODUCT}: {error}",), own)
    except _UnreadableError as error:
        return Verdict((str(error),), own)
    problems = [
        *_of_list(results, version),
        *_of_session(results),
        *_of_platform(results, inventory),
        *_of_copies(files, product, results, inventory),
    ]
    return Verdict(tuple(problems), own, product.title, results.release, inventory.embedded)


def _whole(files: Mapping[str, bytes]) -> Iterator[str]:
    for name in (*NAMES, SUMS):
        if name not in files:
            yield f"{name} is missing"
    for name in sorted(files.keys() - {*NAMES, SUMS}):
        yield f"{name} is no file of a bundle"
    if SUMS in files:
        yield from broken(files)


def _read(files: Mapping[str, bytes], name: str, kind: type[T]) -> T:
    """The record in a JSON file, whose fields are those of its class."""
    import json

    from pydantic import TypeAdapter, ValidationError

    try:
        content: Any = json.loads(files[name])
    except (ValueError, RecursionError) as error:
        raise _UnreadableError(f"{name} is no JSON: {error}") from None
    if not isinstance(content, dict) or content.pop("schema", None) != SCHEMA:
        raise _UnreadableError(
            f"{name} is of another form than this pytest-kubeflow reads ({SCHEMA})"
        )
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise _UnreadableError(
            f"{name} is no record of a session: {where}: {first['msg']}"
        ) from None


def _of_list(results: Results, version: str) -> Iterator[str]:
    used = results.versions.get("pytest-kubeflow", "")
    made_by = _version(used)
    if made_by is None:
        yield f"{RESULTS} names no version of pytest-kubeflow: {used!r}"
        return
    if made_by > Version(version):
        yield (
            f"it was made by pytest-kubeflow {used}, and this is {version}: verify it with that or "
            "a later one"
        )
        return
    if results.release not in RELEASES:
        yield f"there is no list for release {results.release}, only for {', '.join(RELEASES)}"
        return
    wanted = requirements_of(results.release)
    if results.digest != wanted.digest:
        yield (
            f"its list of tests is not that of Kubeflow {results.release}: {results.digest} "
            f"instead of {wanted.digest}"
        )
    counts = Counter(one.test for one in results.tests)
    if missing := wanted.missing_in(counts):
        yield f"{len(missing)} tests of the list are missing: {some_of(missing)}"
    if twice := [name for name, count in counts.items() if count > 1]:
        yield f"{len(twice)} tests are there twice: {some_of(twice)}"
    if others := sorted(counts.keys() - set(wanted.tests)):
        yield f"{len(others)} tests are none of the list: {some_of(others)}"


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _of_session(results: Results) -> Iterator[str]:
    by_outcome: dict[str, list[str]] = {}
    for one in results.tests:
        if one.outcome != PASSED:
            by_outcome.setdefault(one.outcome, []).append(one.test)
    for outcome, tests in by_outcome.items():
        yield f"{len(tests)} tests did not pass ({outcome}): {some_of(tests)}"
    if results.exit_code != 0:
        yield f"the session was not green: its exit code was {results.exit_code}"
    if not results.started < results.ended:
        yield "the session ended before it began"


def _of_platform(results: Results, inventory: Inventory) -> Iterator[str]:
    if not inventory.kubernetes:
        yield f"{PLATFORM} does not tell the release of Kubernetes"
    for what, found in (
        ("part of Kubeflow", inventory.parts),
        ("image", inventory.images),
        ("definition of a kind", inventory.definitions),
    ):
        if not found:
            yield f"{PLATFORM} has no {what}"
    if plain := inventory.without_digest():
        yield f"{len(plain)} images have no digest: {some_of(plain)}"
    if others := inventory.of_other_releases(results.release):
        yield f"parts are of another release than Kubeflow {results.release}: {some_of(others)}"


def _of_copies(
    files: Mapping[str, bytes], product: Product, results: Results, inventory: Inventory
) -> Iterator[str]:
    """What is a function of the rest has to be that function of it."""
    if files[PRODUCT] != product.text().encode():
        yield f"{PRODUCT} is not written as bundles have it"
    try:
        written = written_of(product, results, inventory)
    except KeyError as error:
        yield f"{RESULTS} does not tell the version of {error.args[0]}"
        return
    for name, content in written.items():
        if files[name] != content:
            yield f"{name} does not say what {RESULTS} and {PLATFORM} say"
    success = files[LOG].rstrip().splitlines()[-1:] or [b""]
    if not success[0].startswith(b"SUCCESS!"):
        yield f"{LOG} does not end with SUCCESS!"
