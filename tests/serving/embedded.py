"""What the tests against the embedded KServe share: a model, another one, and what they say."""

from __future__ import annotations

import io

import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

NAMESPACE = "kubeflow-user-example-com"
FLOWERS = load_iris()
ROWS: list[list[float]] = FLOWERS.data[::10].tolist()
SHIFT = 10


def pickled(shift: int = 0) -> tuple[bytes, list[int]]:
    """A classifier of irises whose classes are `shift` too high, and what it says of ROWS."""
    model = LogisticRegression(max_iter=1000).fit(FLOWERS.data, FLOWERS.target + shift)
    content = io.BytesIO()
    joblib.dump(model, content)
    return content.getvalue(), [int(one) for one in model.predict(ROWS)]


MODEL, SAYS = pickled()
OTHER, OTHER_SAYS = pickled(SHIFT)
