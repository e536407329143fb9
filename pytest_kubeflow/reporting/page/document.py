"""`render`: a session as one HTML file, which needs nothing but a browser.

Scripts and styles are those of this package and are allowed by their hashes: what a cluster wrote
cannot run, even if it were not escaped.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING

from pytest_kubeflow.reporting.page.budget import Budget
from pytest_kubeflow.reporting.page.contents import contents
from pytest_kubeflow.reporting.page.visible import all_visible
from pytest_kubeflow.reporting.page.wording import count
from pytest_kubeflow.reporting.records.session import SessionRecord
from pytest_kubeflow.reporting.records.trend import Trend

if TYPE_CHECKING:
    from jinja2 import Environment

_PACKAGE = "pytest_kubeflow.reporting.page"

LARGEST = 15 * 1024 * 1024
"""Bytes of the largest page."""

_TEXTS = 5 * 1024 * 1024
_ROWS = 4_000
_TESTS = 3_000
_SHARES = (1.0, 0.5, 0.2, 0.05, 0.0)


def render(record: SessionRecord, trend: Trend | None = None) -> str:
    """The page of a session, at most 15 MiB in UTF-8. `trend` adds what earlier sessions say."""
    record, trend = all_visible(record), all_visible(trend or Trend())
    page = ""
    for share in _SHARES:
        page = _written(record, trend, share)
        if len(page.encode()) <= LARGEST:
            break
    return page


def _written(record: SessionRecord, trend: Trend, share: float) -> str:
    shown = contents(
        record,
        trend,
        Budget(int(_TEXTS * share)),
        rows=int(_ROWS * share),
        listed_tests=max(200, int(_TESTS * share)),
    )
    style, script = source("page.css"), source("page.js")
    policy = (
        f"default-src 'none'; script-src {hashed(script)}; style-src {hashed(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )
    template = environment().get_template("page.html.j2")
    return template.render(page=shown, style=style, script=script, policy=policy)


@cache
def environment(*packages: str) -> Environment:
    """The templates of pages; those of other `packages` come before the report's own."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=ChoiceLoader([PackageLoader(one, "templates") for one in (*packages, _PACKAGE)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["count"] = count
    return found


@cache
def source(name: str) -> str:
    """The style or the script of pages."""
    found = environment()
    assert found.loader is not None
    return found.loader.get_source(found, name)[0]


def hashed(text: str) -> str:
    """A style or a script as a policy allows it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
