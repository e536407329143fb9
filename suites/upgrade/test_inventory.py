"""What the platform runs: versions, images, custom resources."""

import pytest

from pytest_kubeflow import Upgrade

before, after = (pytest.mark.kf_upgrade(phase) for phase in ("before", "after"))


@before
def test_write_down_what_runs(upgrade: Upgrade) -> None:
    """Before an upgrade: writes down images, versions and custom resources."""
    found = upgrade.inventory()
    assert found.kubernetes
    upgrade.leave("inventory", **found.plain())


@after
def test_no_custom_resource_was_lost(upgrade: Upgrade) -> None:
    """After it: each custom resource is still there.

    What else has changed is told at the session's end: an upgrade is there to change it.
    """
    earlier = upgrade.earlier_inventory()
    now = upgrade.inventory()
    upgrade.changed(*(now.changes_since(earlier) or ["nothing"]), *now.unmigrated())
    assert not (lost := now.lost_since(earlier)), "; ".join(lost)
