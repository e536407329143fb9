"""A record as a piece of HTML for the page of pytest-html."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from pytest_kubeflow.reporting.records.excerpts import as_text
from pytest_kubeflow.reporting.records.runs import RunRecord, TaskEntry

STYLE = """
<style>
.kf-run { color: #24292f; margin: 6px 0 12px; padding: 10px 12px; background: #fff;
  border: 1px solid #d8dee4; border-left: 4px solid #8c959f; border-radius: 4px; }
.kf-run.kf-succeeded { border-left-color: #2da44e; }
.kf-run.kf-failed { border-left-color: #cf222e; }
.kf-run header { display: flex; flex-wrap: wrap; gap: 4px 14px; align-items: baseline; }
.kf-run header a { color: #0969da; font-size: 14px; font-weight: bold; }
.kf-run .kf-faint { color: #656d76; }
.kf-run code { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  white-space: pre-wrap; overflow-wrap: anywhere; }
.kf-run .kf-values { max-height: 180px; overflow-y: auto; }
.kf-run .kf-gap, .kf-run .kf-error { color: #cf222e; margin: 6px 0 0; white-space: pre-wrap; }
.kf-state { display: inline-block; padding: 1px 8px; border-radius: 9px; font-size: 11px;
  font-weight: bold; color: #57606a; background: #eaeef2; white-space: nowrap; }
.kf-state.kf-succeeded { color: #116329; background: #dafbe1; }
.kf-state.kf-failed { color: #a40e26; background: #ffebe9; }
.kf-state.kf-running { color: #0550ae; background: #ddf4ff; }
#results-table .kf-run table { width: 100%; margin-top: 8px; }
#results-table .kf-run th { border: 0; border-bottom: 1px solid #d8dee4; color: #656d76;
  font-weight: normal; padding: 3px 8px; }
#results-table .kf-run td { border: 0; border-bottom: 1px solid #eaeef2; padding: 4px 8px;
  vertical-align: top; cursor: auto; }
#results-table .kf-run tfoot td { border-bottom: 0; }
#results-table .kf-run .kf-number { text-align: right; white-space: nowrap; }
.kf-run .kf-name { width: 20%; min-width: 110px; }
.kf-run .kf-outputs { width: 50%; }
.kf-run .kf-name code { overflow-wrap: break-word; }
.kf-run .kf-line { width: 160px; }
.kf-run .kf-bar { height: 8px; margin-top: 4px; min-width: 2px; border-radius: 2px;
  background: #8c959f; }
.kf-run .kf-bar.kf-succeeded { background: #4ac26b; }
.kf-run .kf-bar.kf-failed { background: #fa4549; }
</style>
"""
"""What `render` relies on, once a page."""


def render(record: RunRecord) -> str:
    """The run with its link, its table of tasks, its outputs, and what could not be read."""
    return "".join(
        (
            f'<div class="kf-run {_class(record.state)}">',
            "<header>",
            _badge(record.state),
            link(record),
            f'<code class="kf-faint">{escape(record.run_id)}</code>',
            f'<span class="kf-faint">{escape(_summary(record))}</span>',
            "</header>",
            *_table(record),
            *(f'<p class="kf-gap">{escape(gap)}</p>' for gap in record.gaps),
            "</div>",
        )
    )


def link(record: RunRecord) -> str:
    """The run's name, leading to its page if that is one of the web's."""
    if not is_web_page(record.url):
        return f"<strong>{escape(record.name)}</strong>"
    return f'<a href="{escape(record.url)}" target="_blank">{escape(record.name)}</a>'


def is_web_page(url: str) -> bool:
    """Whether a link may lead there: no javascript: or data: comes out of a configuration."""
    return url.startswith(("https://", "http://"))


def _summary(record: RunRecord) -> str:
    count = len(record.tasks) + record.left_out
    parts = [f"{count} task{'' if count == 1 else 's'}"] if count else []
    if record.seconds is not None:
        parts[-1] += f" in {record.seconds:.1f} s"
    if record.started is not None:
        parts.append(f"{datetime.fromtimestamp(record.started, UTC):%Y-%m-%d %H:%M:%S} UTC")
    return " · ".join([*parts, f"namespace {record.namespace}"])


def _table(record: RunRecord) -> Iterator[str]:
    if not record.tasks:
        return
    yield (
        '<table><thead><tr><th class="kf-name">task</th><th>state</th>'
        '<th class="kf-number">seconds</th><th class="kf-line">when</th>'
        '<th class="kf-outputs">outputs</th></tr></thead><tbody>'
    )
    for task in record.tasks:
        seconds = "" if task.seconds is None else f"{task.seconds:.1f}"
        yield (
            f'<tr><td class="kf-name"><code>{escape(task.name)}</code></td>'
            f"<td>{_badge(task.state)}</td>"
            f'<td class="kf-number">{seconds}</td><td class="kf-line">{_bar(task, record)}</td>'
            f'<td><div class="kf-values">{_produced(task)}</div></td></tr>'
        )
    yield "</tbody><tfoot>"
    if record.left_out:
        yield f'<tr><td class="kf-faint" colspan="5">… {record.left_out} tasks more</td></tr>'
    if record.outputs:
        values = "<br>".join(_values(record.outputs))
        yield (
            '<tr><td class="kf-faint" colspan="4">the pipeline itself</td>'
            f'<td><div class="kf-values">{values}</div></td></tr>'
        )
    yield "</tfoot></table>"


def _bar(task: TaskEntry, record: RunRecord) -> str:
    """Where in the run's time the task had its own."""
    if task.started is None or task.seconds is None or record.started is None:
        return ""
    whole = record.seconds or 1.0
    left = 100 * (task.started - record.started) / whole
    width = 100 * task.seconds / whole
    return (
        f'<div class="kf-bar {_class(task.state)}" '
        f'style="margin-left: {left:.1f}%; width: {width:.1f}%"></div>'
    )


def _produced(task: TaskEntry) -> str:
    lines = list(_values(task.outputs))
    lines += [
        f'<span class="kf-faint">{escape(name)}</span> <code>{escape(found)}</code>'
        for name, found in task.artifacts.items()
    ]
    if task.error:
        lines.append(f'<span class="kf-error">{escape(task.error)}</span>')
    return "<br>".join(lines)


def _values(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        yield (
            f'<span class="kf-faint">{escape(name)} =</span> <code>{escape(as_text(value))}</code>'
        )


def _badge(state: str) -> str:
    return f'<span class="kf-state {_class(state)}">{escape(state)}</span>'


def _class(state: str) -> str:
    return f"kf-{state.lower()}" if state.isalpha() and state.isascii() else "kf-other"
