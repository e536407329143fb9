"""What the trials of these tests compute: known functions, so that each number can be checked.

Their sources are sent to the trials: each stands by itself.
"""

from pytest_kubeflow import CategoricalParameter, DiscreteParameter, DoubleParameter, IntParameter

METRIC, ADDITIONAL = "Validation-accuracy", "Train-accuracy"

SPACE = {
    "lr": DoubleParameter(0.01, 0.03),
    "num-layers": IntParameter(2, 5),
    "optimizer": CategoricalParameter(("sgd", "adam", "ftrl")),
}
"""That of Katib's random-example, as it was for years."""

RATE = {"lr": DoubleParameter(0.01, 0.03)}
"""For those to which values do not matter."""

GRID = {"lr": DoubleParameter(0.01, 0.03, step=0.01), "num-layers": IntParameter(2, 3)}
REGULARISATION = {"c": DiscreteParameter((0.0001, 0.01, 1.0))}
GOAL = 0.99
"""The example's, which `accuracy` does not reach."""


def accuracy(lr: float, num_layers: int, optimizer: str) -> dict[str, float]:
    """Best for adam with 4 layers at a rate of 0.02: 0.95; every other point has less."""
    loss = {"sgd": 0.02, "adam": 0.0, "ftrl": 0.05}[optimizer]
    validation = 0.95 - loss - 0.01 * (num_layers - 4) ** 2 - 100 * (lr - 0.02) ** 2
    return {
        "Validation-accuracy": round(validation, 6),
        "Train-accuracy": round(validation + 0.03, 6),
    }


def reaches_goal(lr: float) -> dict[str, float]:
    """Above 0.5 wherever it is tried."""
    return {"accuracy": round(0.6 + lr, 6)}


def on_grid(lr: float, num_layers: int) -> dict[str, float]:
    """Another value at each point of the grid."""
    return {"accuracy": round(0.5 + 10 * lr - 0.01 * num_layers, 6)}


def fails(lr: float) -> dict[str, float]:
    """No trial of it ends well."""
    raise ValueError(f"no model trains at a rate of {lr}")


def says_nothing(lr: float) -> None:
    """It does its work and reports no number."""
    print(f"trained with a rate of {lr}, and told nobody how well")  # noqa: T201  into its log


def gets_worse(lr: float) -> None:
    """Each trial of it is worse than all before: the later it runs, the less it reports."""
    import time

    print(f"a rate of {lr} is of no use here")  # noqa: T201
    for _ in range(20):
        print(f"accuracy={4e9 - time.time():.3f}", flush=True)  # noqa: T201
        time.sleep(0.25)


def digits(c: float) -> dict[str, float]:
    """How many of the digits that it has not seen a model of this regularisation gets right."""
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split

    data = load_digits()
    seen, unseen, labels, expected = train_test_split(
        data.data / 16, data.target, test_size=0.25, random_state=7, stratify=data.target
    )
    model = LogisticRegression(C=c, max_iter=200).fit(seen, labels)
    return {"accuracy": round(float(model.score(unseen, expected)), 6)}
