"""A headless Chromium, pages of sessions as files, and what went on in a tab."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from pytest_kubeflow.reporting.page import render
from tests.browser.chromium import executable
from tests.reporting.page.sessions import SESSIONS, trend

DEVICES = {"desktop": (1280, 860, 1), "phone": (360, 760, 2)}
"""Width and height in CSS pixels, and how many real ones each of these has."""


@dataclass
class Tab:
    """An open page, with what it complained about and what it asked the network for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def check(self) -> None:
        """Nothing was complained about, and the file itself was all that was asked for."""
        assert self.complaints == []
        asked = [one.url for one in self.requests]
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser of all tests; where there is none they are skipped, but not in CI."""
    program = executable()
    if program is None:
        reason = "no Chromium on the PATH, and $CHROMIUM names none"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    # Chromium's own sandbox does not work for root, and all that it opens is ours.
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield found
        found.close()


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of each session, written."""
    folder = tmp_path_factory.mktemp("pages")
    written = {}
    for name, make in SESSIONS.items():
        record = make()
        written[name] = folder / f"{name}.html"
        written[name].write_text(render(record, trend(record)))
    return written


class Opener:
    """Opens files in tabs of their own."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    def __call__(
        self,
        file: Path,
        *,
        scheme: str = "light",
        device: str = "desktop",
        script: bool = True,
        anchor: str = "",
    ) -> Tab:
        """The tab of a file, loaded."""
        width, height, pixels = DEVICES[device]
        context = self._browser.new_context(
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": height},
            device_scale_factor=pixels,
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        context.set_default_timeout(60_000)
        tab = Tab(context.new_page())

        def asked(request: Request) -> None:
            tab.requests.append(request)

        tab.page.on("request", asked)
        tab.page.on("console", lambda message: tab.complaints.append(message.text))
        tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.page.on("dialog", lambda dialog: tab.complaints.append(dialog.message))
        tab.page.goto(file.as_uri() + anchor)
        return tab


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opener]:
    """Opens files; closes what it opened."""
    before = set(browser.contexts)
    yield Opener(browser)
    for context in set(browser.contexts) - before:
        context.close()
