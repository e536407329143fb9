"""A run that goes wrong fails its test in time, with the evidence."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cluster.remote import Remote
from tests.plugin.scenarios import FAILING

EVIDENCE = {
    "test_fails": [
        r"run failing-\S+ ended FAILED, not SUCCEEDED: task divide is FAILED",
        r"ZeroDivisionError: division by zero",
        r"(?m)^(E +)?--- tasks",
        r"about to divide",
    ],
    "test_canceled": [
        r"run hang-\S+ was terminated and ended FAILED, not SUCCEEDED: task hang is FAILED"
    ],
    "test_never_ends": [
        r"timed out after 4 s waiting for run hang-\S+ to end; last state: RUNNING",
        r"hang +RUNNING",
        r"hanging around",
    ],
    "test_unknown_image": [
        r"timed out after 4 s waiting for run unpulled-\S+|run unpulled-\S+ ended FAILED",
        r"ImagePullBackOff|ErrImagePull",
        r"registry.invalid/no/such:image",
    ],
}


def failures(remote: Remote, folder: Path) -> dict[str, str]:
    """What a session says of each test."""
    (folder / "test_failing.py").write_text(FAILING)
    code, output = remote.run(folder, seconds=240)
    assert code == 1, output
    sections = re.split(r"(?m)^_{3,} (?:ERROR at setup of )?(test_\w+) _{3,}$", output)
    return dict(zip(sections[1::2], sections[2::2], strict=True))


def test_runs_that_go_wrong_bring_their_evidence(remote: Remote, tmp_path: Path) -> None:
    found = failures(remote, tmp_path)
    assert found.keys() == EVIDENCE.keys()
    for test, telling in EVIDENCE.items():
        for told in telling:
            assert re.search(told, found[test]), f"{told}\n{found[test]}"
    # What the pod has printed would be done by the terminal: a title set, a line erased.
    assert not re.search(r"\x1b|a title", "".join(found.values()))
