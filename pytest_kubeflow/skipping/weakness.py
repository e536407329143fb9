"""known_weakness: a test has met a weakness of the platform that may have been accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from pytest_kubeflow.config.weaknesses import WEAKNESSES

if TYPE_CHECKING:
    from pytest_kubeflow.config.model import KubeflowConfig


def known_weakness(config: KubeflowConfig, name: str, seen: str) -> NoReturn:
    """End the test: it has met the weakness `name`, one of WEAKNESSES; `seen` is what it saw.

    It fails, and says how to accept the weakness; where --kf-accept names it, the failure is an
    expected one, which reports list as a known weakness.
    """
    __tracebackhide__ = True
    message = f"{WEAKNESSES[name]}: {seen}"
    if name in config.session.accept:
        pytest.xfail(f"accepted (--kf-accept={name}): {message}")
    pytest.fail(f"{message}; restrict it, or accept it with --kf-accept={name}", pytrace=False)
