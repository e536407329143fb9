"""The picture of a model's lineage in a real browser: seen in light and dark, and told to all."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from pytest_kubeflow.reporting.page import render
from pytest_kubeflow.reporting.records.trend import Trend
from tests.browser.conftest import DEVICES, Opener
from tests.browser.screenshots import screenshot
from tests.browser.test_page import violations
from tests.reporting.page.test_lineage import page_of, record


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lineage") / "report.html"
    path.write_text(render(page_of(record()), Trend()))
    return path


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture(scheme: str, device: str, file: Path, opened: Opener) -> None:
    tab = opened(file, scheme=scheme, device=device, anchor="#lineages")
    picture = tab.page.locator("svg.lineage")
    picture.scroll_into_view_if_needed()
    expect(picture).to_be_visible()
    assert "trained by train" in (picture.get_attribute("aria-label") or "")
    # No text goes beyond its box.
    overflow = tab.page.evaluate(
        """() => [...document.querySelectorAll("svg.lineage .step")].filter((step) => {
            const box = step.querySelector("rect").getBBox();
            return [...step.querySelectorAll("text")].some(
                (text) => text.getBBox().x + text.getBBox().width > box.x + box.width);
        }).map((step) => step.textContent)"""
    )
    assert overflow == []
    width = DEVICES[device][0]
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(tab.page) == ""
    if device == "desktop":
        screenshot(tab.page, f"lineage-{scheme}-{device}.png")
    tab.check()
