"""What excludes conformance, and what it implies."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kubeflow.errors import ConfigurationError
from tests.config.sources import resolved


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    """A release and a product file."""
    product = tmp_path / "product.yaml"
    product.touch()
    return {"conformance": "26.03", "conformance_product": str(product)}


def test_all_tests_run_and_none_is_skipped(given: dict[str, str]) -> None:
    config = resolved(given)
    assert config.conformance.release == "26.03"
    assert config.session.slow
    assert config.session.strict
    assert config.described("strict") == "--kf-strict=True (from --kf-conformance=26.03)"
    assert not resolved().session.strict


def test_a_product_is_needed() -> None:
    message = r"^--kf-conformance=26.03 \(from command line\) needs --kf-conformance-product=FILE, "
    with pytest.raises(ConfigurationError, match=message):
        resolved({"conformance": "26.03"})


@pytest.mark.parametrize("name", ["known", "allow_skip"])
def test_nothing_is_left_out(given: dict[str, str], name: str) -> None:
    other = given["conformance_product"] if name == "known" else "gpu"
    option = f"--kf-{name.replace('_', '-')}"
    message = rf"^{option} \(from command line\) and --kf-conformance=26.03 .* exclude each other: "
    with pytest.raises(ConfigurationError, match=message):
        resolved({**given, name: other})


def test_a_release_without_a_list() -> None:
    message = (
        "--kf-conformance: '1.7' from command line is not valid; valid: 1.9, 1.10, 1.11, 26.03"
    )
    with pytest.raises(ConfigurationError, match=message):
        resolved({"conformance": "1.7"})
