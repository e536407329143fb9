"""Which skips are red, and how what did not run is counted."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.config.groups.session import SessionSettings
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.config.parsers import SKIPS
from pytest_kubeflow.skipping.components import components_of
from pytest_kubeflow.skipping.policy import Skip, SkipPolicy
from pytest_kubeflow.skipping.tally import Tally

NO_STORE = Skip("t.py::test_a", "no store answers", "objectstore", {"kserve", "objectstore"})
NO_KNATIVE = Skip("t.py::test_b", "mode Standard", "knative", {"kserve"})
PLAIN = Skip("t.py::test_c", "not on a Sunday: it is one", "", {"pipelines"})


def policy(**session: object) -> SkipPolicy:
    settings = dataclasses.replace(SessionSettings(), **session)  # type: ignore[arg-type]
    return SkipPolicy(KubeflowConfig(session=settings))


def test_skips_stay_skips() -> None:
    assert [policy().failure(one) for one in (NO_STORE, NO_KNATIVE, PLAIN)] == [None] * 3


def test_strict_names_what_allows_it() -> None:
    strict = policy(strict=True)
    assert "--kf-allow-skip=objectstore allows" in str(strict.failure(NO_STORE))
    assert "--kf-allow-skip=t.py::test_c allows" in str(strict.failure(PLAIN))


@pytest.mark.parametrize("required", ["kserve", "objectstore"])
def test_required_for_whatever_reason(required: str) -> None:
    found = policy(require=(required,)).failure(NO_STORE)
    assert found is not None
    assert found.startswith("no store answers (--kf-require=")
    assert policy(require=(required,)).failure(PLAIN) is None


def test_a_mode_that_is_not_installed_is_not_the_component() -> None:
    assert policy(require=("kserve",)).failure(NO_KNATIVE) is None
    assert policy(require=("knative",)).failure(NO_KNATIVE) is not None


@pytest.mark.parametrize("allowed", ["t.py::test_c", "*test_c", "*Sunday*"])
def test_allowed_by_id_or_pattern(allowed: str) -> None:
    assert policy(strict=True, allow_skip=(allowed,)).failure(PLAIN) is None
    assert policy(strict=True, allow_skip=(allowed,)).failure(NO_STORE) is not None


@given(st.lists(st.sampled_from(["objectstore", "gpu", "*Sunday*", "x"])))
def test_nothing_but_what_is_named_is_allowed(allowed: list[str]) -> None:
    strict = policy(strict=True, allow_skip=tuple(allowed))
    assert (strict.failure(NO_STORE) is None) == ("objectstore" in allowed)
    assert (strict.failure(PLAIN) is None) == ("*Sunday*" in allowed)
    assert strict.failure(NO_KNATIVE) is not None


def test_entries(tmp_path_factory: pytest.TempPathFactory) -> None:
    base = tmp_path_factory.getbasetemp()
    assert SKIPS.parse("gpu, *x*,a.py::b", base) == ("gpu", "*x*", "a.py::b")
    for wrong in ("GPU", "", "gpu,,x", "a b"):
        with pytest.raises(ValueError, match=r".*"):
            SKIPS.parse(wrong, base)


def test_components() -> None:
    found = components_of(
        required=["gpu"], fixtures=["minio_bucket", "tmp_path"], markers=["kf_pipeline"]
    )
    assert found == {"gpu", "objectstore", "pipelines"}


def test_sentence() -> None:
    tally = Tally()
    for number in range(46):
        tally.add(f"ran{number}")
    for number in range(10):
        tally.add_skip(f"store{number}", cause="objectstore", reason="long story")
    for number in range(3):
        tally.add_skip(f"gpu{number}", cause="gpu", reason="")
    assert tally.sentence() == ("13 of 59 tests did not run: no object store (10), no GPU (3)")
    tally.expect(60)
    assert tally.sentence().endswith("no GPU (3), the session ended before them (1)")
    assert tally.sentence().startswith("14 of 60")


def test_rerun_counts_once() -> None:
    tally = Tally()
    tally.add_skip("a", cause="gpu", reason="")
    tally.add("a")
    tally.add_skip("a", cause="gpu", reason="")
    assert tally.ran == 1
    assert tally.sentence() == ""


def test_reasons_without_a_cause_are_shortened() -> None:
    tally = Tally()
    tally.add_skip("a", cause="", reason="not here: the details")
    tally.add_skip("b", cause="", reason="x" * 200)
    assert tally.sentence() == f"2 of 2 tests did not run: not here (1), {'x' * 57}... (1)"
