"""A user's script with Kubeflow's SDK, run in an environment that has it and not this project.

`python kubeflow_optimizer.py KUBECONFIG NAMESPACE` prints JSON: what the SDK says of a search whose
trials are TrainJobs.
"""

import json
import sys
import time

from kubeflow.common.types import KubernetesBackendConfig  # type: ignore[import-not-found]
from kubeflow.optimizer import (  # type: ignore[import-not-found]
    GridSearch,
    Objective,
    OptimizerClient,
    Search,
    TrialConfig,
)
from kubeflow.optimizer.types.optimization_types import (  # type: ignore[import-not-found]
    Direction,
)
from kubeflow.trainer import (  # type: ignore[import-not-found]
    CustomTrainer,
    TrainerClient,
    TrainJobTemplate,
)

CHOICES = [1, 2, 3]


def score(x: str) -> None:
    """The parameter comes as the text that Katib has put in."""
    print(f"score={int(x) * int(x)}")  # noqa: T201  into its log


def left_in(client: OptimizerClient) -> list[str]:
    """What it lists once all has had its time to go: until then it may miss parts, and fails."""
    found: list[str] | None = None
    for _ in range(120):
        try:
            found = [one.name for one in client.list_jobs()]
        except RuntimeError:
            found = None
        if found == []:
            break
        time.sleep(0.25)
    return ["it could not be listed"] if found is None else found


def main(kubeconfig: str, namespace: str) -> None:
    config = KubernetesBackendConfig(config_file=kubeconfig, namespace=namespace)
    client = OptimizerClient(backend_config=config)
    template = TrainJobTemplate(
        runtime=TrainerClient(backend_config=config).get_runtime("torch-distributed"),
        trainer=CustomTrainer(func=score, num_nodes=1, resources_per_node={"cpu": 1}),
    )
    name = client.optimize(
        trial_template=template,
        trial_config=TrialConfig(num_trials=len(CHOICES), parallel_trials=3),
        search_space={"x": Search.choice(CHOICES)},
        objectives=[Objective(metric="score", direction=Direction.MAXIMIZE)],
        algorithm=GridSearch(),
    )
    job = client.wait_for_job_status(name, timeout=150, polling_interval=1)
    best = client.get_best_results(name)
    listed = [one.name for one in client.list_jobs()]
    client.delete_job(name)
    sys.stdout.write(
        json.dumps(
            {
                "name": name,
                "status": job.status,
                "trials": len(job.trials),
                "parameters": best.parameters,
                "metrics": {one.name: one.latest for one in best.metrics},
                "listed": listed,
                "left": left_in(client),
            }
        )
    )


main(*sys.argv[1:])
