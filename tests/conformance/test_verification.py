"""A bundle verifies, and does not after any change: each has a sentence of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.conformance.bundle import LOG, NAMES, PLATFORM, RESULTS
from pytest_kubeflow.conformance.inventory import Image
from pytest_kubeflow.conformance.product import OPTIONAL, REQUIRED, Product, ProductError
from pytest_kubeflow.conformance.requirements import RELEASES, requirements_of
from pytest_kubeflow.conformance.results import Result
from pytest_kubeflow.conformance.seal import SUMS, digest_of
from pytest_kubeflow.conformance.verification import verify

from . import samples
from .samples import INVENTORY, VERSION, bundle, forged, resealed, results

Files = dict[str, bytes]
FIRST = requirements_of("26.03").tests[0]


def problems(files: Files, digest: str = "") -> list[str]:
    return list(verify(files, version=VERSION, digest=digest).problems)


@pytest.mark.parametrize("release", RELEASES)
def test_what_conforms_verifies(release: str) -> None:
    versions = {"1.9": "0.17.0", "1.10": "0.18.0", "1.11": "0.19.0", "26.03": "v0.19.0"}
    inventory = replace(INVENTORY, parts={"Katib": versions[release]})
    files = bundle(results(release), inventory=inventory)
    verdict = verify(files, version=VERSION, digest=digest_of(files))
    assert verdict.problems == ()
    assert verdict.lines == (
        f"Turbo Encabulator 1.7.4 of Yoyodyne conforms to Kubeflow {release}: {digest_of(files)}",
    )


def test_the_embedded_cluster_is_told_to_be_none() -> None:
    verdict = verify(bundle(inventory=replace(INVENTORY, embedded=True)), version=VERSION)
    assert not verdict.problems
    assert "stands in for a platform and is none" in verdict.lines[1]


def test_the_same_gives_the_same_bytes() -> None:
    assert bundle() == bundle()


def test_times_are_in_two_files_alone() -> None:
    one, other = bundle(), bundle(results(started=1.0, ended=9.0))
    assert {name for name in one if one[name] != other[name]} == {
        RESULTS,
        "junit_01.xml",
        SUMS,
    }


def ended(outcome: str) -> Callable[[dict[str, Any]], None]:
    def change(plain: dict[str, Any]) -> None:
        plain["tests"][0]["outcome"] = outcome

    return change


def without(name: str) -> Files:
    files = bundle()
    del files[name]
    return files


def changed(name: str, content: bytes) -> Files:
    return {**bundle(), name: content}


TAMPERED: dict[str, tuple[Callable[[], Files], str]] = {
    "a file was removed": (lambda: without(LOG), "e2e.log is missing"),
    "a file was added": (
        lambda: changed("notes.txt", b"all is well"),
        "notes.txt is no file of a bundle",
    ),
    "a file was edited": (
        lambda: changed(LOG, b"SUCCESS! -- 1 Passed | 0 Failed | 0 Pending | 0 Skipped\n"),
        "e2e.log was changed: its SHA-256 is not the one in SHA256SUMS",
    ),
    "the seal is nonsense": (
        lambda: changed(SUMS, b"trust me\n"),
        "SHA256SUMS is broken: line 1 is no digest of another file",
    ),
    "the seal leaves one out": (
        lambda: changed(SUMS, b"\n".join(bundle()[SUMS].splitlines()[1:]) + b"\n"),
        "PRODUCT.yaml is not sealed: SHA256SUMS does not have it",
    ),
    "a release of which there is no list": (
        lambda: resealed(bundle(results(release="26.03", digest="x")), results=_renamed()),
        "there is no list for release 1.6, only for 1.9, 1.10, 1.11, 26.03",
    ),
    "another list": (
        lambda: forged(lambda plain: plain.update(digest=f"sha256:{'1' * 64}")),
        f"its list of tests is not that of Kubeflow 26.03: sha256:{'1' * 64} instead of sha256:",
    ),
    "a test is missing": (
        lambda: forged(lambda plain: plain["tests"].pop(0)),
        f"1 tests of the list are missing: {FIRST}",
    ),
    "a test is there twice": (
        lambda: forged(lambda plain: plain["tests"].append(plain["tests"][0])),
        f"1 tests are there twice: {FIRST}",
    ),
    "a test of somebody's own": (
        lambda: forged(
            lambda plain: plain["tests"].append({"test": "t.py::mine", "outcome": "passed"})
        ),
        "1 tests are none of the list: t.py::mine",
    ),
    "a test was skipped": (
        lambda: forged(ended("skipped")),
        f"1 tests did not pass (skipped): {FIRST}",
    ),
    "a test failed": (
        lambda: forged(ended("failed")),
        f"1 tests did not pass (failed): {FIRST}",
    ),
    "a failure was known": (
        lambda: forged(ended("failed as known")),
        f"1 tests did not pass (failed as known): {FIRST}",
    ),
    "the session was red": (
        lambda: forged(lambda plain: plain.update(exit_code=1)),
        "the session was not green: its exit code was 1",
    ),
    "a failure was made a success in the results alone": (
        lambda: resealed(forged(ended("failed")), results=bundle()[RESULTS]),
        "junit_01.xml does not say what results.json and platform.json say",
    ),
    "the log is of another session": (
        lambda: resealed(bundle(), e2e=bundle(results("1.11"))[LOG]),
        "e2e.log does not say what results.json and platform.json say",
    ),
    "it was made by a newer version": (
        lambda: forged(lambda plain: plain["versions"].update({"pytest-kubeflow": "9.1.0"})),
        f"it was made by pytest-kubeflow 9.1.0, and this is {VERSION}: verify it with that or a",
    ),
    "the product is nobody's": (
        lambda: resealed(bundle(), PRODUCT=b"vendor: Yoyodyne\n"),
        "PRODUCT.yaml: it has no name, version, website_url, documentation_url, type, description",
    ),
    "parts are of an older release": (
        lambda: bundle(inventory=replace(INVENTORY, parts={"Katib": "v0.17.0"})),
        "parts are of another release than Kubeflow 26.03: Katib v0.17.0",
    ),
    "an image has no digest": (
        lambda: bundle(inventory=replace(INVENTORY, images=(Image("mine:latest", ""),))),
        "1 images have no digest: mine:latest",
    ),
    "Kubernetes is not told": (
        lambda: bundle(inventory=replace(INVENTORY, kubernetes="")),
        "platform.json does not tell the release of Kubernetes",
    ),
    "the inventory is empty": (
        lambda: bundle(inventory=replace(INVENTORY, definitions=())),
        "platform.json has no definition of a kind",
    ),
    "results are no JSON": (
        lambda: resealed(bundle(), results=b"{"),
        "results.json is no JSON: ",
    ),
    "a field has another type": (
        lambda: resealed(bundle(), platform=bundle()[PLATFORM].replace(b'"v1.34.1"', b"[1]")),
        "platform.json is no record of a session: kubernetes: ",
    ),
    "the form is of another version": (
        lambda: resealed(
            bundle(), results=bundle()[RESULTS].replace(b'"schema": 1', b'"schema": 2')
        ),
        "results.json is of another form than this pytest-kubeflow reads (1)",
    ),
    "time runs backwards": (
        lambda: forged(lambda plain: plain.update(started=2.0, ended=1.0)),
        "the session ended before it began",
    ),
}


def _renamed() -> bytes:
    return bundle()[RESULTS].replace(b'"release": "26.03"', b'"release": "1.6"')


@pytest.mark.parametrize("name", TAMPERED)
def test_tampered(name: str) -> None:
    make, told = TAMPERED[name]
    found = problems(make())
    assert any(one.startswith(told) for one in found), found
    assert all("\n" not in one for one in found)


def test_each_has_a_sentence_of_its_own() -> None:
    found = [one for _, one in TAMPERED.values()]
    assert len(set(found)) == len(found) >= 12


def test_another_bundle_than_the_one_asked_for() -> None:
    files = bundle()
    (found,) = problems(files, f"sha256:{'0' * 64}")
    assert found == f"it is another bundle than the one asked for: its digest is {digest_of(files)}"


@given(st.sampled_from([*NAMES, SUMS]), st.binary(max_size=200))
def test_any_other_content_of_a_file_is_noticed(name: str, content: bytes) -> None:
    assert problems(changed(name, content)) or content == bundle()[name]


@given(st.sampled_from(NAMES), st.binary(max_size=200))
def test_it_is_noticed_where_it_was_sealed_again(name: str, content: bytes) -> None:
    files = resealed(bundle(), **{name.partition(".")[0]: content})
    assert problems(files) or content == bundle()[name]


def test_results_that_passed_when_run_again_do_not_count() -> None:
    again = tuple(Result(one.test, "passed when run again") for one in results().tests)
    assert any("passed when run again" in one for one in problems(bundle(results(tests=again))))


@given(st.one_of(st.binary(), st.text().map(str.encode)))
def test_no_content_breaks_the_parser_of_products(content: bytes) -> None:
    with pytest.raises(ProductError) as raised:
        Product.parse(content)
    assert "\n" not in str(raised.value)


LINE = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=50)


@given(st.fixed_dictionaries(dict.fromkeys(("vendor", "name", "version", "description"), LINE)))
def test_a_product_is_read_as_it_was_written(fields: dict[str, str]) -> None:
    url = "https://yoyo.dyne/"
    rest = {"website_url": url, "documentation_url": url, "type": "installer", "repo_url": url}
    wanted = {**fields, **rest}
    if any(one.startswith("<") and one.endswith(">") for one in fields.values()):
        return
    product = Product.parse(json.dumps(wanted, ensure_ascii=False).encode())
    assert product.fields == wanted
    assert list(product.fields) == [one for one in (*REQUIRED, *OPTIONAL) if one in wanted]
    assert Product.parse(product.text().encode()) == product


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("logo: x", "there is no field 'logo'; fields are vendor, name"),
        ("version: 1.7", "version is no text of one line; write it in quotes"),
        ("website_url: yoyo.dyne", "website_url is no URL: 'yoyo.dyne'"),
        ("vendor: <legal name>", "vendor is still that of the template: <legal name>"),
        ("type: cloud", "type is 'cloud', not one of distribution, hosted platform, installer"),
        ("vendor: [a", "it is no YAML: "),
    ],
)
def test_a_mistake_in_a_product(line: str, message: str) -> None:
    name = line.partition(":")[0]
    kept = [one for one in samples.PRODUCT.text().splitlines() if not one.startswith(f"{name}:")]
    with pytest.raises(ProductError) as raised:
        Product.parse("\n".join([*kept, line]).encode())
    assert str(raised.value).startswith(message)
