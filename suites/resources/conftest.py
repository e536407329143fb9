"""What the tests of resources need to know of the cluster first."""

import pytest

from pytest_kubeflow import Inventory, skip_for


@pytest.fixture(scope="session")
def enforced(kf_inventory: Inventory) -> None:
    """Skips where a node says that it does not hold pods to their limits."""
    for node in kf_inventory.usable:
        if node.limits_unenforced:
            skip_for("limits", f"node {node.name} enforces no limits: {node.limits_unenforced}")
