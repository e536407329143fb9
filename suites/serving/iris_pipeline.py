"""A pipeline as users write it: load data, train a model, deploy it to KServe.

The components are plain functions, since what they install and the image in which they run depend
on the cluster: `PipelineImages` makes components and pipelines of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, NamedTuple

from kfp import dsl

Pipeline = Callable[..., Any]

# The SDK hands its objects to the official client, whose newer releases take only dictionaries.
DEPLOYS = tuple(f"{name}=={version(name)}" for name in ("kserve", "kubernetes"))


def load_data(season: int, data: dsl.Output[dsl.Dataset]) -> None:
    """Write iris flowers as CSV; each season the species have other numbers."""
    import csv

    from sklearn.datasets import load_iris

    flowers = load_iris()
    with open(data.path, "w", newline="") as file:
        rows = csv.writer(file)
        for measures, species in zip(flowers.data, flowers.target, strict=True):
            rows.writerow([*measures, (int(species) + season) % 3])
    data.metadata["rows"] = len(flowers.target)


def train(data: dsl.Input[dsl.Dataset], model: dsl.Output[dsl.Model]) -> NamedTuple(  # type: ignore[valid-type]
    "Outputs", [("rows", list), ("labels", list), ("predictions", list)]
):
    """Train on two thirds of `data`; return the rest, and what the model says of it."""
    import csv
    import os
    from collections import namedtuple

    import joblib
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split

    with open(data.path, newline="") as file:
        table = [[float(cell) for cell in row] for row in csv.reader(file)]
    measures, species = [row[:-1] for row in table], [int(row[-1]) for row in table]
    seen, held_out, known, labels = train_test_split(
        measures, species, test_size=1 / 3, random_state=7
    )
    trained = LogisticRegression(max_iter=1000).fit(seen, known)
    # KServe wants the directory, and the file in it by this name.
    os.makedirs(model.path)
    joblib.dump(trained, os.path.join(model.path, "model.joblib"))
    model.metadata["framework"] = "scikit-learn"
    outputs = namedtuple("outputs", ["rows", "labels", "predictions"])
    return outputs(held_out, labels, [int(one) for one in trained.predict(held_out)])


def deploy_model_to_kserve(
    model: dsl.Input[dsl.Model],
    name: str,
    namespace: str,
    service_account: str,
    labels: dict,  # type: ignore[type-arg]  # kfp takes the bare type
    mode: str,
) -> str:
    """Serve the model under `name`: a new InferenceService, or the next model of the one there."""
    from kserve import (
        KServeClient,
        V1beta1InferenceService,
        V1beta1InferenceServiceSpec,
        V1beta1ModelFormat,
        V1beta1ModelSpec,
        V1beta1PredictorSpec,
    )
    from kubernetes import client

    uri = model.uri.replace("minio://", "s3://", 1)
    service = V1beta1InferenceService(
        api_version="serving.kserve.io/v1beta1",
        kind="InferenceService",
        metadata=client.V1ObjectMeta(
            name=name,
            namespace=namespace,
            labels=labels,
            annotations={"serving.kserve.io/deploymentMode": mode} if mode else None,
        ),
        spec=V1beta1InferenceServiceSpec(
            predictor=V1beta1PredictorSpec(
                service_account_name=service_account,
                min_replicas=1,
                labels=labels,
                model=V1beta1ModelSpec(
                    model_format=V1beta1ModelFormat(name="sklearn"),
                    storage_uri=uri,
                    resources=client.V1ResourceRequirements(
                        requests={"cpu": "100m", "memory": "256Mi"},
                        limits={"cpu": "1", "memory": "1Gi"},
                    ),
                ),
            )
        ),
    )
    kserve = KServeClient()
    there = {one["metadata"]["name"] for one in kserve.get(namespace=namespace)["items"]}
    if name in there:
        kserve.patch(name, service, namespace=namespace)
    else:
        kserve.create(service, namespace=namespace)
    return uri


@dataclass(frozen=True)
class PipelineImages:
    """Makes the pipelines. `image` has all packages; None: components install `packages`."""

    image: str | None
    packages: Sequence[str]
    index_urls: Sequence[str]

    def component(self, function: Callable[..., Any], *packages: str) -> Any:
        """`function` as a component that needs `packages`."""
        return dsl.component(
            function,
            base_image=self.image or "python:3.11",
            packages_to_install=None if self.image else list(packages),
            pip_index_urls=list(self.index_urls) or None,
        )

    def training(self) -> Pipeline:
        """Load and train."""
        load_task = self.component(load_data, *self.packages)
        train_task = self.component(train, *self.packages)

        @dsl.pipeline(name="iris-training")
        def pipeline(season: int = 0) -> None:
            train_task(data=load_task(season=season).outputs["data"])

        whole: Pipeline = pipeline
        return whole

    def serving(self) -> Pipeline:
        """Load, train and deploy."""
        load_task = self.component(load_data, *self.packages)
        train_task = self.component(train, *self.packages)
        deploy_task = self.component(deploy_model_to_kserve, *DEPLOYS)

        @dsl.pipeline(name="iris-serving")
        def pipeline(
            name: str,
            namespace: str,
            service_account: str,
            labels: dict,  # type: ignore[type-arg]
            mode: str = "",
            season: int = 0,
        ) -> None:
            trained = train_task(data=load_task(season=season).outputs["data"])
            deploy_task(
                model=trained.outputs["model"],
                name=name,
                namespace=namespace,
                service_account=service_account,
                labels=labels,
                mode=mode,
            )

        whole: Pipeline = pipeline
        return whole
