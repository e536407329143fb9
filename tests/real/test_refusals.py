"""What was recorded of a real API server's refusals is what it says today."""

from __future__ import annotations

import json
import os

import pytest

from tests.local.apiserver.refusals import RECORDED, outcome, recorded
from tests.real.controlplane import ControlPlane
from tests.real.programs import CHOSEN


def test_a_real_server_refuses_as_it_was_recorded(control_plane: ControlPlane) -> None:
    if os.environ.get(CHOSEN):
        pytest.skip(f"{CHOSEN} names another release than was recorded")
    found = outcome(control_plane.admin)
    if os.environ.get("UPDATE_REFUSALS"):
        text = json.dumps(found, indent=1, ensure_ascii=False)
        RECORDED.write_text(f"{text}\n", encoding="utf-8")
    assert found == recorded()
