"""What of a log is the component's own, and how it ended."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.pipelines.runs.last_words import (
    component_exit,
    component_words,
    driver_reason,
    last_words,
    launcher_reason,
)

LAUNCHER = "I1128 23:50:40.123456      12 launcher_v2.go"
ARGO = 'time="2026-11-28T23:50:41.000Z" level=info msg="sub-process exited" argo=true error="<nil>"'
FAILED = f"""I1128 23:50:38.000001      12 main.go:133] Setting log level to: '1'
[KFP Executor 2026-11-28 23:50:39,123 INFO]: Looking for component `divide` in --component_module
[KFP Executor 2026-11-28 23:50:39,124 INFO]: Got executor_input:
{{
    "inputs": {{}}
}}
about to divide
Traceback (most recent call last):
ZeroDivisionError: division by zero
E1128 23:50:40.123456      12 launcher_v2.go:449] Component failed to execute: exit status 3
{LAUNCHER}:867] Executing uploadOutputArtifacts attempt: 1
{LAUNCHER}:206] publish success.
F1128 23:50:40.123457      12 main.go:113] failed to execute component: exit status 3
{ARGO}
Error: exit status 1
"""


def test_the_components_words_alone() -> None:
    assert component_words(FAILED).splitlines() == [
        "about to divide",
        "Traceback (most recent call last):",
        "ZeroDivisionError: division by zero",
    ]
    assert component_exit(FAILED) == "exit code 3"
    assert launcher_reason(FAILED) == "failed to execute component: exit status 3"


def test_a_signal() -> None:
    log = "F1128 23:50:40.123457 12 main.go:113] failed to execute component: signal: killed"
    assert component_exit(log) == "signal: killed"


def test_a_failure_of_the_launcher_is_not_the_components() -> None:
    log = (
        f"done\n{LAUNCHER[0]}1128 23:50:40.1 1 main.go:113] failed to execute component: no bucket"
    )
    assert component_exit(log) == ""
    assert launcher_reason(log) == "failed to execute component: no bucket"
    assert component_words(log) == "done"


def test_a_component_may_say_what_the_executor_says() -> None:
    assert component_words("Error: exit status 1\n") == "Error: exit status 1"


@given(
    st.dictionaries(st.text(), st.one_of(st.text(), st.lists(st.text(max_size=5), max_size=3))),
    st.sampled_from([1, 2, "\t"]),
)
def test_json_of_the_launcher_goes_on_over_lines(value: dict[str, object], indent: int) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=True)
    log = f"before\n{LAUNCHER}:1230] ExecutorOutput: {text}\nafter"
    assert component_words(log) == "before\nafter"


def test_json_that_is_cut_hides_nothing() -> None:
    assert component_words(f'{LAUNCHER}:1230] ExecutorOutput: {{\n "a": 1,\nwords') == (
        ' "a": 1,\nwords'
    )


def test_the_reason_of_a_driver() -> None:
    line = (
        "F1128 23:50:40.1 1 main.go:84] KFP driver: driver.Container(pipelineName=p, runID=r, "
        'taskName="total", component="comp-total") failed: resolving input (x) failed: no y'
    )
    assert driver_reason(f"I1128 other\n{line}\n{ARGO}") == (
        "KFP driver: driver.Container(...) failed: resolving input (x) failed: no y"
    )
    assert driver_reason("nothing") == ""


RAISED = """about to read
Traceback (most recent call last):
  File "<string>", line 1, in <module>
KeyError: 'first'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/tmp/x/ephemeral_component.py", line 11, in fit
    with open(path) as file:
         ^^^^^^^^^^
FileNotFoundError: [Errno 2] No such file or directory: '/minio/x'
"""


def test_of_a_traceback_what_was_raised() -> None:
    raised = "FileNotFoundError: [Errno 2] No such file or directory: '/minio/x'"
    assert last_words(RAISED, 5) == raised
    assert last_words(f"{RAISED}  more of it\nand more\n", 2) == f"{raised} | more of it"
    assert last_words("one\n\ntwo\nthree\n", 2) == "two | three"
    cut = RAISED.partition("FileNotFound")[0]
    assert last_words(cut, 2) == "with open(path) as file: | ^^^^^^^^^^"


def test_an_error_that_was_handled_is_not_what_it_said_last() -> None:
    log = f"{RAISED}2026-11-29 retrying\nkilled by nobody\n"
    assert last_words(log, 3).startswith("FileNotFoundError")
    handled = "Traceback (most recent call last):\n  File x\n(handled) no\nlast: word\n"
    assert last_words(handled, 1) == "last: word"
