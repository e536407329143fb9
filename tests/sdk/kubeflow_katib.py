"""A user's script with Katib's own SDK, run in an environment that has it and not this project.

`python kubeflow_katib.py KUBECONFIG NAMESPACE DB_MANAGER` prints JSON: what the SDK says of an
experiment that it has tuned, and of its end.
"""

import json
import sys

from kubeflow.katib import KatibClient, search  # type: ignore[import-not-found]


def objective(parameters: dict[str, str]) -> None:
    import time

    value = 0.9 - abs(float(parameters["lr"]) - 0.02) * int(parameters["layers"])
    time.sleep(3)
    print(f"accuracy={value}")  # noqa: T201  for Katib's collector


def main(kubeconfig: str, namespace: str, db_manager: str) -> None:
    client = KatibClient(config_file=kubeconfig, namespace=namespace)
    name = "tuned-by-sdk"
    client.tune(
        name=name,
        objective=objective,
        base_image="python:3.11-slim",
        parameters={"lr": search.double(min=0.01, max=0.03), "layers": search.int(min=1, max=3)},
        algorithm_name="random",
        objective_metric_name="accuracy",
        max_trial_count=4,
        parallel_trial_count=2,
        max_failed_trial_count=1,
        resources_per_trial={"cpu": "500m", "memory": "256Mi"},
        retain_trials=True,
    )
    client.wait_for_experiment_condition(name=name, timeout=120, polling_interval=1)
    trials = client.get_success_trial_details(experiment_name=name)
    best = client.get_optimal_hyperparameters(name)
    metrics = {
        one["name"]: [
            log.metric.value
            for log in client.get_trial_metrics(one["name"], db_manager_address=db_manager)
        ]
        for one in trials
    }
    succeeded = client.is_experiment_succeeded(name)
    client.delete_experiment(name)
    sys.stdout.write(
        json.dumps(
            {
                "succeeded": succeeded,
                "trials": [client.api_client.sanitize_for_serialization(one) for one in trials],
                "best": client.api_client.sanitize_for_serialization(best),
                "metrics": metrics,
            }
        )
    )


main(*sys.argv[1:])
