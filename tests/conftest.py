"""What holds for all of the project's own tests."""

import signal

from hypothesis import settings

# No example has a time limit: on a loaded machine 200 ms say nothing about the code.
settings.register_profile("project", deadline=None)
settings.load_profile("project")


def pytest_configure() -> None:
    """Let what tests start be interrupted, also where they run as a job in the background.

    Such a job has SIGINT ignored, and hands that on to its children.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
