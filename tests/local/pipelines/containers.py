"""Container components in all that their commands may hold, and tasks that fail in every way."""

from typing import Optional

from kfp import dsl

from tests.local.pipelines.programs import join, shell

SHOW = 'for one; do printf "<%s>" "$one"; done'


@dsl.container_component
def clauses(
    text: str,
    maybe: Optional[str] = None,  # noqa: UP045  KFP reads this form only
    number: float = 0.5,
) -> dsl.ContainerSpec:
    """Print the command that is left of all clauses."""
    return shell(
        SHOW,
        dsl.ConcatPlaceholder(["--text=", text, ";"]),
        dsl.IfPresentPlaceholder("maybe", then=["--maybe", maybe], else_=["--no-maybe"]),
        dsl.ConcatPlaceholder(["n=", number]),
        "plain",
    )


@dsl.pipeline(name="commands")
def commands(text: str, maybe: Optional[str] = None) -> None:  # noqa: UP045
    clauses(text=text).set_display_name("without")
    clauses(text=text, maybe="yes", number=3.0).set_display_name("with")
    clauses(text=text, maybe=maybe).set_display_name("handed on")


@dsl.container_component
def show(
    text: str,
    count: int,
    ratio: float,
    flag: bool,
    items: list,  # type: ignore[type-arg]
    mapping: dict,  # type: ignore[type-arg]
) -> dsl.ContainerSpec:
    """Print each kind of parameter as a command gets it."""
    return shell(SHOW, text, count, ratio, flag, items, mapping)


@dsl.pipeline(name="kinds")
def kinds(text: str, count: int, ratio: float, flag: bool, items: list, mapping: dict) -> None:  # type: ignore[type-arg]
    show(text=text, count=count, ratio=ratio, flag=flag, items=items, mapping=mapping)


@dsl.container_component
def outputs(
    text: dsl.OutputPath(str),  # type: ignore[valid-type]
    count: dsl.OutputPath(int),  # type: ignore[valid-type]
    ratio: dsl.OutputPath(float),  # type: ignore[valid-type]
    flag: dsl.OutputPath(bool),  # type: ignore[valid-type]
    items: dsl.OutputPath(list),  # type: ignore[valid-type]
    mapping: dsl.OutputPath(dict),  # type: ignore[valid-type]
) -> dsl.ContainerSpec:
    """A file for each kind of parameter."""
    script = (
        r"""printf ' two\nlines ' > "$1"; echo 7 > "$2"; echo 1.5e-3 > "$3"; echo True > "$4"; """
        """echo '[1, "a", null]' > "$5"; echo '{"k": [true]}' > "$6" """
    )
    return shell(script, text, count, ratio, flag, items, mapping)


@dsl.pipeline(name="output-files")
def output_files() -> None:
    outputs()


@dsl.container_component
def run_script(script: str, out: dsl.OutputPath(int)) -> dsl.ContainerSpec:  # type: ignore[valid-type]
    return dsl.ContainerSpec(image="busybox", command=["sh", "-c", script, "sh"], args=[out])


@dsl.pipeline(name="script")
def script(text: str) -> None:
    """A task that does what the argument says; its output is a number."""
    run_script(script=text)


@dsl.container_component
def not_there() -> dsl.ContainerSpec:
    return dsl.ContainerSpec(image="busybox", command=["no-such-program"])


@dsl.pipeline(name="no-program")
def no_program() -> None:
    not_there()


@dsl.container_component
def no_such_image() -> dsl.ContainerSpec:
    return dsl.ContainerSpec(image="example.com/no/such:image", command=["true"])


@dsl.pipeline(name="no-image")
def no_image() -> None:
    no_such_image()


@dsl.pipeline(name="composed")
def composed(text: str) -> None:
    """Constants with values in them, of parameters and of the run."""
    join(
        a=f"before {text} after",
        b=f"{dsl.PIPELINE_JOB_NAME_PLACEHOLDER}/{dsl.PIPELINE_JOB_ID_PLACEHOLDER}",
    )
