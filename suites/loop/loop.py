"""Loop: runs of the pipeline with data that arrive, and what came of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow import Bucket, PipelineRun, PipelineRunner, RunFailed, skip_for

from .. import package_index
from .digits import Digits
from .names import Named, Names, served
from .pipeline import Pipeline


@dataclass(frozen=True)
class Trained:
    """What one run has made: `predictions` are of the held-out rows, `promoted` by its gate."""

    run: PipelineRun
    version: str
    data: str
    uri: str
    baseline: float
    accuracy: float
    predictions: list[int]
    promoted: bool


class Loop:
    """`begin("v2", data)` submits a run, `trained("v2")` waits for it."""

    def __init__(
        self, pipeline: Pipeline, submit: PipelineRunner, names: Names, bucket: Bucket, own: Digits
    ) -> None:
        self.names = names
        self._pipeline = pipeline
        self._submit = submit
        self._begun: dict[str, tuple[PipelineRun, str, float]] = {}
        self._trained: dict[str, Trained] = {}
        self.data: Mapping[str, str] = {}
        """The URIs of the data that have arrived, by their names."""

        self._bucket = bucket
        self.held_out = self.arrive("held-out", own.held_out.csv())

    def arrive(self, name: str, csv: str) -> str:
        """Put data into the bucket; returns where they lie, as KFP has it."""
        key = f"data/{name}.csv"
        self._bucket.put(key, csv)
        self.data = {**self.data, name: f"minio://{self._bucket.path}/{key}"}
        return self.data[name]

    def begin(self, version: str, data: str, baseline: float) -> None:
        """Submit the run that trains this version; it is promoted if it is not worse."""
        arguments: dict[str, object] = {
            "data": data,
            "held_out": self.held_out,
            "baseline": baseline,
            "name": self.names.model,
            "version": version,
            "registry": self.names.registry,
        }
        name = f"digits-loop-{version}"
        run = self._submit(self._pipeline, arguments=arguments, name=name, wait=False)
        self._begun[version] = run, data, baseline

    def trained(self, version: str) -> Trained:
        """What the run of this version came to, after its end."""
        if version not in self._trained:
            self._trained[version] = self._wait(version)
        return self._trained[version]

    def _wait(self, version: str) -> Trained:
        run, data, baseline = self._begun[version]
        try:
            run.wait()
        except RunFailed as error:
            told = package_index.OF_COMPONENTS.search(error.full_text)
            if told is None:
                raise
            reason = told[0]
        else:
            reason = ""
        if reason:
            skip_for(
                "package-index",
                f"components cannot install scikit-learn ({reason}): "
                "give --kf-sklearn-image, or an index with --kf-pip-index-url",
            )
        score: Mapping[str, Any] = run.task("train").outputs
        found = Trained(
            run=run,
            version=version,
            data=data,
            uri=run.task("train").artifacts["model"].uri,
            baseline=baseline,
            accuracy=score["accuracy"],
            predictions=score["predictions"],
            promoted=run.task("promote").state == "SUCCEEDED",
        )
        if found.promoted and "reason" in run.task("promote").output:
            self.names.add(Named(version, found.uri, found.accuracy, run.run_id))
        return found

    def baseline(self, promoted: Trained) -> float:
        """The accuracy of the model that is to be served, after this one was promoted."""
        assert promoted.promoted, f"run {promoted.run.name} has not promoted the first model"
        return served(self.names).accuracy
