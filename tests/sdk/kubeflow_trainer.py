"""A user's script with Kubeflow's SDK, run in an environment that has it and not this project.

`python kubeflow_trainer.py KUBECONFIG NAMESPACE` prints JSON: what the SDK says of a TrainJob whose
nodes add up what they have, started by torchrun.
"""

import json
import sys

from kubeflow.common.types import KubernetesBackendConfig  # type: ignore[import-not-found]
from kubeflow.trainer import CustomTrainer, TrainerClient  # type: ignore[import-not-found]
from kubeflow.trainer.options import (  # type: ignore[import-not-found]
    JobSetSpecPatch,
    JobSetTemplatePatch,
    JobSpecPatch,
    JobTemplatePatch,
    Labels,
    PodTemplatePatch,
    ReplicatedJobPatch,
    RuntimePatch,
    TrainingRuntimeSpecPatch,
)

NODES = 2


def add_up(offset: int) -> None:
    """Rank 0 adds up what all have, and tells them; torchrun has said where it is."""
    import os
    import socket
    import time

    rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    where = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]) + 1
    own = rank + offset
    if rank == 0:
        with socket.create_server(("", where[1])) as endpoint:
            ways = [endpoint.accept()[0] for _ in range(world - 1)]
        total = own + sum(int(way.recv(64)) for way in ways)
        for way in ways:
            way.sendall(str(total).encode())
    else:
        for _ in range(600):
            try:
                way = socket.create_connection(where, timeout=10)
                break
            except OSError:
                time.sleep(0.1)
        way.sendall(str(own).encode())
        total = int(way.recv(64))
    print(f"rank={rank} world={world} total={total}")  # noqa: T201  into its log


def without_sidecars() -> RuntimePatch:
    """The label by which a mesh leaves pods alone."""
    metadata = {"labels": {"sidecar.istio.io/inject": "false", "from-sdk": "yes"}}
    pods = PodTemplatePatch(metadata=metadata)
    job = JobTemplatePatch(spec=JobSpecPatch(template=pods))
    jobs = [ReplicatedJobPatch(name="node", template=job)]
    template = JobSetTemplatePatch(spec=JobSetSpecPatch(replicated_jobs=jobs))
    return RuntimePatch(training_runtime_spec=TrainingRuntimeSpecPatch(template=template))


def main(kubeconfig: str, namespace: str) -> None:
    client = TrainerClient(
        backend_config=KubernetesBackendConfig(config_file=kubeconfig, namespace=namespace)
    )
    runtime = client.get_runtime("torch-distributed")
    name = client.train(
        runtime=runtime,
        trainer=CustomTrainer(
            func=add_up,
            func_args={"offset": 20},
            num_nodes=NODES,
            resources_per_node={"cpu": 1, "memory": "256Mi"},
        ),
        options=[Labels({"made-by": "sdk"}), without_sidecars()],
    )
    job = client.wait_for_job_status(name, timeout=120, polling_interval=1)
    logs = {step.name: list(client.get_job_logs(name, step=step.name)) for step in job.steps}
    events = [event.reason for event in client.get_job_events(name)]
    listed = [one.name for one in client.list_jobs()]
    client.delete_job(name)
    sys.stdout.write(
        json.dumps(
            {
                "runtimes": [one.name for one in client.list_runtimes()],
                "name": name,
                "status": job.status,
                "nodes": job.num_nodes,
                "steps": [step.name for step in job.steps],
                "logs": logs,
                "events": events,
                "listed": listed,
                "left": [one.name for one in client.list_jobs()],
            }
        )
    )


main(*sys.argv[1:])
