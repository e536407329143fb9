"""Pipelines with importers and workspaces.

Without `annotations` of the future: KFP needs the types themselves.
"""

from kfp import dsl

from tests.local.pipelines.flows import read, write
from tests.local.pipelines.programs import shell


@dsl.container_component
def uri_of(data: dsl.Input[dsl.Dataset], out: dsl.OutputPath(str)) -> dsl.ContainerSpec:  # type: ignore[valid-type]
    return shell('printf %s "$1" > "$2"', data.uri, out)


@dsl.pipeline(name="producing")
def producing(text: str) -> None:
    uri_of(data=write(text=text).outputs["data"])


@dsl.pipeline(name="importing")
def importing(uri: str, note: str) -> None:
    for reimport in (False, True):
        imported = dsl.importer(
            artifact_uri=uri,
            artifact_class=dsl.Dataset,
            reimport=reimport,
            metadata={"note": note, "rows": 3},
        )
        read(data=imported.output)


@dsl.pipeline(name="importing-what-a-task-says")
def importing_what_a_task_says(uri: str) -> None:
    said = uri_of(data=write(text="x").outputs["data"]).outputs["out"]
    dsl.importer(artifact_uri=said, artifact_class=dsl.Dataset)


@dsl.pipeline(name="importing-a-part")
def importing_a_part(uri: str) -> None:
    with dsl.ParallelFor([{"uri": "minio://b/k"}]) as item:
        dsl.importer(artifact_uri=item.uri, artifact_class=dsl.Dataset)


@dsl.pipeline(name="importing-nothing")
def importing_nothing(uri: str) -> None:
    dsl.importer(artifact_uri=uri, artifact_class=dsl.Dataset, metadata={"note": None})


@dsl.container_component
def path_and_content(data: dsl.Input[dsl.Dataset], out: dsl.OutputPath(str)) -> dsl.ContainerSpec:  # type: ignore[valid-type]
    return shell('printf "%s " "$1" > "$2"; cat "$1" >> "$2"', data.path, out)


@dsl.container_component
def leave(path: str) -> dsl.ContainerSpec:
    return shell('echo left > "$1/note"', path)


@dsl.container_component
def find(path: str, out: dsl.OutputPath(str)) -> dsl.ContainerSpec:  # type: ignore[valid-type]
    return shell('cat "$1/note" > "$2"', path, out)


@dsl.pipeline(
    name="through-workspace",
    pipeline_config=dsl.PipelineConfig(workspace=dsl.WorkspaceConfig(size="10Mi")),
)
def through_workspace(uri: str) -> None:
    imported = dsl.importer(
        artifact_uri=uri, artifact_class=dsl.Dataset, download_to_workspace=True
    )
    path_and_content(data=imported.output)
    note = leave(path=dsl.WORKSPACE_PATH_PLACEHOLDER)
    find(path=dsl.WORKSPACE_PATH_PLACEHOLDER).after(note)
