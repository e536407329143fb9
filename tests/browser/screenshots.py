"""Pictures of pages, for the documentation."""

from __future__ import annotations

import io
import os
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

IMAGES = Path(__file__).parents[2] / "docs/images"
LARGEST = 150_000
"""Bytes of a screenshot."""


def screenshot(page: Page, name: str) -> None:
    """Take it; $UPDATE_SCREENSHOTS writes those of the documentation."""
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    # No page is blank: it has text, in more than two colours.
    assert len(image.getcolors(1 << 24) or ()) > 20
    written = io.BytesIO()
    image.quantize(128, dither=Image.Dither.NONE).save(written, "PNG", optimize=True)
    assert len(written.getvalue()) <= LARGEST
    if os.environ.get("UPDATE_SCREENSHOTS"):
        (IMAGES / name).write_bytes(written.getvalue())
