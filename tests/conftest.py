"""What holds for all of the project's own tests."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

# No example has a time limit: on a loaded machine 200 ms say nothing about the code.
settings.register_profile("project", deadline=None)
settings.load_profile("project")


_NAMED = {"real", "browser", "suites", "chaos", "sdk", "image"}
"""Folders whose tests run only where they are named."""


def pytest_configure() -> None:
    """Let what tests start be interrupted, also where they run as a job in the background.

    Such a job has SIGINT ignored, and hands that on to its children.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these to `tox run -e real`, `-e browser`, `-e sdk` and `-e red`, which name them.

    The programs of the first are built for minutes, the second needs a Chromium, the third an
    environment for an SDK, and the last runs a session of its own for each check that has to fail.
    """
    if collection_path.parent != Path(__file__).parent or collection_path.name not in _NAMED:
        return None
    named = (Path(one.partition("::")[0]).resolve() for one in config.invocation_params.args)
    return None if any(one.is_relative_to(collection_path) for one in named) else True
