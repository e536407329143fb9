"""The pipeline of the loop: train and evaluate, and register the model only if it is not worse.

The components are plain functions, since the image in which they run depends on the cluster.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from kfp import dsl

Pipeline = Callable[..., Any]


def train(
    data: dsl.Input[dsl.Dataset], held_out: dsl.Input[dsl.Dataset], model: dsl.Output[dsl.Model]
) -> NamedTuple("Outputs", [("accuracy", float), ("predictions", list)]):  # type: ignore[valid-type]
    """Fit a nearest neighbour to `data`, store it, and evaluate what was stored.

    Returns what the model says of rows that it has not seen, and how often it is right. One task
    does it all, since it is scikit-learn that takes the time.
    """
    import csv
    import os
    from collections import namedtuple

    import joblib
    from sklearn.neighbors import KNeighborsClassifier

    def read(path: str) -> tuple[list[list[float]], list[int]]:
        with open(path, newline="") as file:
            table = [[float(cell) for cell in row] for row in csv.reader(file)]
        return [row[:-1] for row in table], [int(row[-1]) for row in table]

    rows, labels = read(data.path)
    # KServe wants the directory, and the file in it by this name.
    os.makedirs(model.path)
    stored = os.path.join(model.path, "model.joblib")
    joblib.dump(KNeighborsClassifier(n_neighbors=1, algorithm="brute").fit(rows, labels), stored)
    model.metadata["rows"] = len(rows)
    unseen, right = read(held_out.path)
    predictions = [int(one) for one in joblib.load(stored).predict(unseen)]
    hits = sum(one == other for one, other in zip(predictions, right, strict=True))
    outputs = namedtuple("outputs", ["accuracy", "predictions"])
    return outputs(hits / len(right), predictions)


def promote(
    model: dsl.Input[dsl.Model],
    name: str,
    version: str,
    accuracy: float,
    data: str,
    run_id: str,
    registry: str,
) -> dict:  # type: ignore[type-arg]  # kfp takes the bare type
    """Register a version of the model `name`, if there is a `registry` (the URL of its API).

    Returns its `id`, or the `reason` why this pod does not get to the registry.
    """
    import json
    import urllib.error
    import urllib.parse
    import urllib.request

    def ask(path: str, body: object = None) -> dict:  # type: ignore[type-arg]
        request = urllib.request.Request(  # noqa: S310
            f"{registry}/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            found: dict = json.load(answer)  # type: ignore[type-arg]
            return found

    if not registry:
        return {"reason": "there is no registry"}
    try:
        parent = ask(f"registered_model?name={urllib.parse.quote(name)}")["id"]
    except urllib.error.HTTPError as error:
        if error.code not in {401, 403}:  # a policy of the mesh lets nobody in from here
            raise
        return {"reason": f"{registry} answers {error.code} to pods"}
    except OSError as error:
        return {"reason": f"{registry} is not reached from pods: {error}"}
    made = ask(
        "model_versions",
        {
            "name": version,
            "registeredModelId": parent,
            "customProperties": {
                "accuracy": {"metadataType": "MetadataDoubleValue", "double_value": accuracy},
                "run": {"metadataType": "MetadataStringValue", "string_value": run_id},
                "data": {"metadataType": "MetadataStringValue", "string_value": data},
            },
        },
    )
    artifact = {
        "artifactType": "model-artifact",
        "name": f"{name}-{version}",
        "uri": model.uri,
        "modelFormatName": "sklearn",
    }
    ask(f"model_versions/{made['id']}/artifacts", artifact)
    return {"id": made["id"]}


def loop_pipeline(image: str | None, packages: Sequence[str], indexes: Sequence[str]) -> Pipeline:
    """The pipeline; `image` has all packages, or the component installs `packages`."""
    train_task = dsl.component(
        train,
        base_image=image or "python:3.11",
        packages_to_install=None if image else list(packages),
        pip_index_urls=list(indexes) or None,
    )
    promote_task = dsl.component(promote, base_image=image or "python:3.11")

    @dsl.pipeline(name="digits-loop")
    def pipeline(
        data: str, held_out: str, baseline: float, name: str, version: str, registry: str = ""
    ) -> None:
        seen = dsl.importer(artifact_uri=data, artifact_class=dsl.Dataset, reimport=False)
        unseen = dsl.importer(artifact_uri=held_out, artifact_class=dsl.Dataset, reimport=False)
        trained = train_task(data=seen.output, held_out=unseen.output)
        with dsl.If(trained.outputs["accuracy"] >= baseline, name="not-worse"):
            promote_task(
                model=trained.outputs["model"],
                name=name,
                version=version,
                accuracy=trained.outputs["accuracy"],
                data=data,
                run_id=dsl.PIPELINE_JOB_ID_PLACEHOLDER,
                registry=registry,
            )

    whole: Pipeline = pipeline
    return whole
