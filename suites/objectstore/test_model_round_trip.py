"""A trained model is kept in the object store and comes back as it was."""

import hashlib
import io
import json
import random
from collections.abc import Iterable
from typing import NamedTuple

import pytest

from pytest_kubeflow import Bucket


class Line(NamedTuple):
    """A model: y = slope x + intercept."""

    slope: float
    intercept: float

    @classmethod
    def fit(cls, points: Iterable[tuple[float, float]]) -> "Line":
        """Return the line with the least squares of distances to `points`."""
        points = list(points)
        mean_x = sum(x for x, _ in points) / len(points)
        mean_y = sum(y for _, y in points) / len(points)
        covariance = sum((x - mean_x) * (y - mean_y) for x, y in points)
        slope = covariance / sum((x - mean_x) ** 2 for x, _ in points)
        return cls(slope, mean_y - slope * mean_x)

    def predict(self, x: float) -> float:
        """Return y at `x`."""
        return self.slope * x + self.intercept


def noisy_points(count: int) -> list[tuple[float, float]]:
    """Points near y = 3 x + 2, the same ones each time."""
    source = random.Random(42)  # noqa: S311 no secret is made of it
    return [(float(x), 3.0 * x + 2.0 + source.gauss(0.0, 0.1)) for x in range(count)]


def test_model_round_trip(minio_bucket: Bucket) -> None:
    """A model that is stored comes back unchanged, predicts the same, and can be removed."""
    model = Line.fit(noisy_points(100))
    content = json.dumps(model._asdict()).encode()

    minio_bucket.put("models/line/model.json", content)
    assert minio_bucket.list() == ["models/line/model.json"]
    assert minio_bucket.size("models/line/model.json") == len(content)

    downloaded = minio_bucket.get("models/line/model.json")
    assert downloaded == content
    restored = Line(**json.loads(downloaded))
    assert restored == model
    assert restored.predict(1000.0) == pytest.approx(3002.0, abs=2.0)

    minio_bucket.remove("models/line/model.json")
    assert minio_bucket.list() == []


def test_large_binary_object(minio_bucket: Bucket) -> None:
    """An object of 12 MiB comes back unchanged.

    12 MiB go up in several parts, as model weights do.
    """
    weights = random.Random(7).randbytes(12 * 1024 * 1024)  # noqa: S311 no secret is made of it
    minio_bucket.put("weights.bin", io.BytesIO(weights), part_size=5 * 1024 * 1024)
    downloaded = minio_bucket.get("weights.bin")
    # Not the bytes themselves: a report with -vv would show them all.
    came, gone = (
        f"{len(each)} bytes with SHA-256 {hashlib.sha256(each).hexdigest()[:16]}"
        for each in (downloaded, weights)
    )
    assert came == gone, f"weights.bin in {minio_bucket.uri} came back as {came}, {gone} expected"
