"""What a server says in a response that refuses or fails: its own words, fit for one line.

Gateways, proxies and servers answer with JSON, HTML or plain text. Each of them names the cause
there, so whoever translates an error keeps it.
"""

from __future__ import annotations

import json

from pytest_kubeflow.html_page import HtmlPage
from pytest_kubeflow.plain_text import plain
from pytest_kubeflow.redaction import Redactor

LONGEST = 500
"""Characters of a server's words that a message quotes."""

_READ = 4_000
_READ_OF_PAGES = 64 * 1024
"""Pages come with their style and pictures, before what they say."""

_KEYS = ("message", "error", "detail", "log", "error_details", "error_message")
"""Where JSON has them: Kubernetes and Kubeflow Pipelines, KServe, FastAPI, Kubeflow's web apps, and
uploads to Kubeflow Pipelines, whose details hold their message."""


def words_of(body: str | bytes | None, *, longest: int = LONGEST) -> str:
    """The words in `body` on one line, of `longest` characters at most; empty where it has none.

    What looks like a credential is masked.
    """
    if isinstance(body, bytes):
        body = body.decode(errors="replace")
    text = (body or "").strip()
    found = _of_json(text[:_READ]) if text.startswith(("{", "[")) else None
    if found is None:
        found = _of_html(text[:_READ_OF_PAGES]) if text.startswith("<") else text[:_READ]
    line = Redactor().redact(" ".join(plain(found).split()))
    return line if len(line) <= longest else f"{line[:longest]}..."


def _of_json(text: str) -> str | None:
    """None for what is no JSON."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if isinstance(found, dict):
        for key in _KEYS:
            if told := found.get(key):
                return told if isinstance(told, str) else json.dumps(told)
    return text


def _of_html(text: str) -> str:
    page = HtmlPage(text)
    return page.text or page.title
