"""A whole session, from its preflight to its removals, while the API server comes and goes."""

from __future__ import annotations

import threading
from pathlib import Path

from tests.cluster.remote import Remote
from tests.retries.unreliable import FAULTS, Exchange, unreliable

TESTS = """
def test_volume(seeded_pvc):
    volume = seeded_pvc({"a.csv": "1,2\\n"})
    assert volume.read_text("a.csv") == "1,2\\n"

def test_objects(kf_kubernetes, kf_namespace, kf_inventory):
    assert kf_inventory.nodes
    assert kf_kubernetes.core.list_namespaced_pod(kf_namespace) is not None
"""


def test_session(remote: Remote, tmp_path: Path) -> None:
    """Each request fails once, and at the first pod nothing listens for some seconds."""
    (tmp_path / "test_volumes.py").write_text(TESTS)
    (tmp_path / "endpoint").mkdir()
    gone = threading.Event()

    with unreliable(remote.endpoints.kubeconfig, tmp_path / "endpoint") as endpoint:

        def restart() -> None:
            endpoint.refuse()
            threading.Event().wait(3)
            endpoint.listen()

        restarting = threading.Thread(target=restart)

        def fail(exchange: Exchange) -> None:
            made = exchange.command == "POST" and exchange.path.endswith("/pods")
            if made and not gone.is_set():
                gone.set()
                restarting.start()
            FAULTS["503"](exchange)

        with endpoint.every_first(fail):
            code, output = remote.run(
                tmp_path, f"--kf-kubeconfig={endpoint.kubeconfig}", "test_volumes.py", seconds=300
            )
        if restarting.ident is not None:
            restarting.join()
    assert code == 0, output
    assert "2 passed" in output
    assert gone.is_set()
