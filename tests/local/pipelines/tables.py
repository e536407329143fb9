"""Python components that hand on artifacts: files, directories, and some at a path of their own."""

from typing import Optional

from kfp import dsl


@dsl.component(base_image="python:3.11")
def make(
    rows: int,
    table: dsl.Output[dsl.Dataset],
    folder: dsl.Output[dsl.Artifact],
    custom: dsl.Output[dsl.Artifact],
    nothing: dsl.Output[dsl.Artifact],
    metrics: dsl.Output[dsl.Metrics],
) -> None:
    """A file with metadata, a directory, a file elsewhere, and one that is left out."""
    import os

    with open(table.path, "w") as file:
        file.writelines(f"{n}\n" for n in range(rows))
    table.metadata.update(
        {"rows": rows, "ratio": 0.5, "tags": ["a", "b"], "shape": {"x": 1}, "flag": True}
    )
    os.makedirs(f"{folder.path}/deep/empty")
    for name in ("top.txt", "deep/größe one.txt"):
        with open(f"{folder.path}/{name}", "w") as file:
            file.write(name)
    custom.custom_path = os.path.abspath("elsewhere.txt")
    with open(custom.custom_path, "w") as file:
        file.write("from elsewhere")
    metrics.log_metric("accuracy", 0.75)


@dsl.component(base_image="python:3.11")
def read(
    table: dsl.Input[dsl.Dataset],
    folder: dsl.Input[dsl.Artifact],
    custom: dsl.Input[dsl.Model],
    nothing: dsl.Input[dsl.Artifact],
) -> dict:  # type: ignore[type-arg]
    """All that comes in."""
    import os

    files = {}
    for place, _, names in os.walk(folder.path):
        for name in names:
            path = os.path.join(place, name)
            with open(path) as file:
                files[os.path.relpath(path, folder.path)] = file.read()
    with open(table.path) as file:
        rows = len(file.readlines())
    with open(custom.path) as file:
        elsewhere = file.read()
    return {
        "rows": rows,
        "metadata": dict(table.metadata),
        "files": files,
        "custom": elsewhere,
        "nothing is there": os.path.exists(nothing.path),
        "classes": [type(one).__name__ for one in (table, folder, custom)],
    }


@dsl.pipeline(name="handing-on")
def handing_on(rows: int = 3) -> dict:  # type: ignore[type-arg]
    made = make(rows=rows).outputs
    chosen = {name: made[name] for name in ("table", "folder", "custom", "nothing")}
    return read(**chosen).output


@dsl.container_component
def maybe(data: Optional[dsl.Input[dsl.Dataset]] = None) -> dsl.ContainerSpec:  # noqa: UP045
    return dsl.ContainerSpec(image="busybox", command=["true"])


@dsl.pipeline(name="handing-nothing-on")
def handing_nothing_on(data: Optional[dsl.Input[dsl.Dataset]] = None) -> None:  # noqa: UP045
    maybe(data=data)


@dsl.component(base_image="python:3.11")
def defaults(
    text: str = "a default",
    number: float = 1.5,
    items: list = [1, 2],  # type: ignore[type-arg] # noqa: B006  KFP compiles it into the component
    nothing: Optional[str] = None,  # noqa: UP045  KFP reads this form only
) -> dict:  # type: ignore[type-arg]
    return {"text": text, "number": number, "items": items, "nothing": nothing}


@dsl.pipeline(name="inside")
def inside(text: str = "from the nested pipeline") -> dict:  # type: ignore[type-arg]
    return defaults(text=text).output


@dsl.pipeline(name="with-defaults")
def with_defaults(text: str = "from the pipeline") -> None:
    defaults().set_display_name("own")
    defaults(text=text, number=2.0, items=[], nothing="something").set_display_name("given")
    inside().set_display_name("nested")


@dsl.component(base_image="python:3.11")
def complain() -> str:
    print("on the way")  # noqa: T201  the log is what is tested
    raise ValueError("this is why")


@dsl.pipeline(name="complaining")
def complaining() -> None:
    complain()


@dsl.component(base_image="python:3.11")
def large(megabytes: int, data: dsl.Output[dsl.Dataset]) -> str:
    import hashlib

    digest = hashlib.sha256()
    with open(data.path, "wb") as file:
        for n in range(megabytes):
            block = n.to_bytes(4, "big") * (1 << 18)
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


@dsl.component(base_image="python:3.11")
def digest(data: dsl.Input[dsl.Dataset]) -> str:
    import hashlib

    with open(data.path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dsl.pipeline(name="much-data")
def much_data(megabytes: int) -> None:
    digest(data=large(megabytes=megabytes).outputs["data"])
