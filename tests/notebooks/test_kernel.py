"""Code in a real kernel: outputs, errors, deadlines, kernels that die."""

from __future__ import annotations

import pytest

from pytest_kubeflow.errors import WaitTimeout
from pytest_kubeflow.notebooks import kernel as kernel_module
from pytest_kubeflow.notebooks.channel import LARGEST
from pytest_kubeflow.notebooks.errors import CellFailed, KernelDied
from pytest_kubeflow.notebooks.outputs import KEPT, BoundedText
from tests.notebooks.conftest import Jupyter, KernelMaker, session

ENDLESS = "import time\nprint('begun', flush=True)\nwhile True:\n    time.sleep(0.05)"
DEAF = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"


def test_a_cell_gives_its_streams_its_result_and_what_it_displays(make_kernel: KernelMaker) -> None:
    kernel = make_kernel()
    first = kernel.execute("import sys\nprint('out')\nprint('err', file=sys.stderr)\nx = 6\nx * 7")
    assert (first.stdout, first.stderr, first.result) == ("out\n", "err\n", "42")
    assert (first.text, str(first), first.count) == ("out\n42", "out\n42", 1)
    # What a cell has defined is there for the next.
    second = kernel.execute("display({'text/html': '<b>x</b>'}, raw=True)\nx")
    assert (second.result, second.count) == ("6", 2)
    assert [dict(one).get("text/html") for one in second.displays] == ["<b>x</b>", None]
    assert kernel.execute("y = 1").text == ""


def test_an_error_is_told_with_its_traceback_and_the_kernel_goes_on(
    make_kernel: KernelMaker,
) -> None:
    kernel = make_kernel()
    with pytest.raises(CellFailed, match="ZeroDivisionError: division by zero") as failed:
        kernel.execute("print('before')\n1 / 0")
    assert failed.value.name == "ZeroDivisionError"
    message = str(failed.value)
    assert "----> 2 1 / 0" in message
    assert "--- stdout\nbefore" in message
    assert "\x1b" not in message
    assert kernel.execute("1 / 0", check=False).text == ""
    with pytest.raises(CellFailed) as long:
        kernel.execute("raise ValueError('first\\nsecond ' + 'x' * 100_000)")
    assert "ValueError: first second xxx" in long.value.message
    assert len(long.value.message) < 700
    assert kernel.execute("3 + 4").result == "7"


def test_code_that_never_ends_is_interrupted_at_the_deadline(make_kernel: KernelMaker) -> None:
    kernel = make_kernel()
    kernel.execute("kept = 5")
    with pytest.raises(WaitTimeout, match="timed out after 1 s waiting for code") as timeout:
        kernel.execute(ENDLESS, timeout=1)
    assert "it was interrupted; it wrote last: begun" in timeout.value.message
    assert "KeyboardInterrupt" in str(timeout.value)
    assert kernel.execute("kept").result == "5"


def test_code_that_ignores_the_interrupt_costs_its_kernel(
    make_kernel: KernelMaker, monkeypatch: pytest.MonkeyPatch, jupyter: Jupyter
) -> None:
    monkeypatch.setattr(kernel_module, "INTERRUPT_SECONDS", 1.0)
    kernel = make_kernel()
    kernel.execute("1")
    with pytest.raises(WaitTimeout, match="did not end when it was interrupted, and its kernel"):
        kernel.execute(DEAF + ENDLESS, timeout=1)
    with pytest.raises(KernelDied, match="not there any more"):
        kernel.execute("2")


def test_a_kernel_that_dies_is_told_and_the_next_cell_runs_in_a_new_one(
    make_kernel: KernelMaker,
) -> None:
    kernel = make_kernel()
    kernel.execute("kept = 5")
    with pytest.raises(KernelDied, match=r"died \(\w*restarting\) before the code had ended"):
        kernel.execute("import os\nos._exit(137)")
    assert kernel.execute("'kept' in globals()").result == "False"


def test_output_without_end_is_bounded(make_kernel: KernelMaker) -> None:
    """Jupyter itself withholds what comes too fast; what it lets through has a bound here."""
    kernel = make_kernel()
    flood = kernel.execute("print('x' * 10_000_000)")
    assert len(flood.stdout) <= KEPT + 100
    assert flood.cut_by_server or flood.left_out > 9_000_000 - KEPT
    assert not flood.cut_by_server or "withheld by the Jupyter server" in flood.stdout
    assert kernel.execute("1 + 1").result == "2"


def test_text_is_kept_from_its_beginning_and_its_end() -> None:
    text = BoundedText(kept=10)
    for piece in ("abc", "defgh", "ijklmn", "xyz"):
        text.add(piece)
    assert str(text) == "abcde\n... 7 characters left out ...\nmnxyz"
    assert text.left_out == 7
    short = BoundedText(kept=10)
    short.add("abcdefgh")
    assert str(short) == "abcdefgh"


def test_a_message_that_is_too_large_is_one_line(
    make_kernel: KernelMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pytest_kubeflow.notebooks import channel

    monkeypatch.setattr(channel, "LARGEST", 2**20)
    kernel = make_kernel()
    with pytest.raises(CellFailed, match="sent a message of more than 1 MiB"):
        # A display is no stream: the server does not withhold it.
        kernel.execute("display({'text/plain': 'x' * 2**21}, raw=True)")
    assert kernel.execute("5").result == "5"
    assert LARGEST > 2**20


def test_a_kernel_of_another_kind_is_refused(jupyter: Jupyter) -> None:
    from pytest_kubeflow.notebooks.server import JupyterServer
    from pytest_kubeflow.webapps.errors import ServerRefused

    with pytest.raises(ServerRefused, match="answers 500"):
        JupyterServer(jupyter.url(), session()).start_kernel("no-such-kernel")
