"""Pipelines with conditions, loops, exit handlers and retries, of components that start fast.

Without `annotations` of the future: KFP needs the types themselves.
"""

from typing import Optional

from kfp import dsl

from tests.local.pipelines.programs import greet, join, shell, wait_for_ever


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)) -> dsl.ContainerSpec:  # type: ignore[valid-type]
    return shell('printf %s "$1" > "$2"', text, out)


@dsl.container_component
def count(text: str, out: dsl.OutputPath(int)) -> dsl.ContainerSpec:  # type: ignore[valid-type]
    """The number of characters."""
    return shell('printf %s "${#1}" > "$2"', text, out)


@dsl.container_component
def items(out: dsl.OutputPath(list)) -> dsl.ContainerSpec:  # type: ignore[valid-type]
    return shell("""echo '[{"n": 1, "s": "a"}, {"n": 2, "s": "b"}]' > "$1" """, out)


@dsl.container_component
def show(value: list, out: dsl.OutputPath(str)) -> dsl.ContainerSpec:  # type: ignore[valid-type,type-arg]
    return shell('printf %s "$1" > "$2"', value, out)


@dsl.container_component
def write(text: str, data: dsl.Output[dsl.Dataset]) -> dsl.ContainerSpec:
    return shell('mkdir -p "$(dirname "$2")"; printf %s "$1" > "$2"', text, data.path)


@dsl.container_component
def read(data: dsl.Input[dsl.Dataset], out: dsl.OutputPath(str)) -> dsl.ContainerSpec:  # type: ignore[valid-type]
    return shell('cat "$1" > "$2"', data.path, out)


@dsl.container_component
def fail(text: str = "") -> dsl.ContainerSpec:
    return shell('echo "failing $1"; exit 3', text)


@dsl.pipeline(name="branches")
def branches(text: str, size: int = 5) -> str:
    """One of three branches gives the output; out of the cache none would."""
    length = count(text=text)
    with dsl.If(text == "yes", name="is-yes"):
        one = say(text="first").set_caching_options(False)
    with dsl.Elif(length.outputs["out"] > size, name="is-long"):
        two = say(text="second").set_caching_options(False)
    with dsl.Else(name="is-else"):
        three = say(text="third").set_caching_options(False)
    chosen = dsl.OneOf(one.outputs["out"], two.outputs["out"], three.outputs["out"])
    join(a=chosen, b="after")
    return chosen


@dsl.pipeline(name="branched-artifacts")
def branched_artifacts(text: str) -> None:
    with dsl.If(text == "yes"):
        one = write(text="first").set_caching_options(False)
    with dsl.Else():
        two = write(text="second").set_caching_options(False)
    read(data=dsl.OneOf(one.outputs["data"], two.outputs["data"]))


@dsl.pipeline(name="skipped")
def skipped(text: str) -> None:
    """A task after a branch that is not taken."""
    with dsl.If(text == "yes", name="never"):
        greet()
    with dsl.If(text != "yes", name="outer"), dsl.If(text == "no", name="inner"):
        say(text=text)


@dsl.pipeline(name="static-loop")
def static_loop() -> None:
    with dsl.ParallelFor([{"t": "1", "s": "a"}, {"t": "2", "s": "b"}], name="loop") as one:
        first = say(text=one.s)
        join(a=first.outputs["out"], b=one.t)
    show(value=dsl.Collected(first.outputs["out"]))


@dsl.pipeline(name="dynamic-loop")
def dynamic_loop(names: list) -> None:  # type: ignore[type-arg]
    with dsl.ParallelFor(names, parallelism=1) as name:
        data = write(text=name)
        read(data=data.outputs["data"])
    with dsl.ParallelFor(items().outputs["out"]) as item:
        say(text=item.s)


@dsl.pipeline(name="nested-loops")
def nested_loops() -> None:
    with dsl.ParallelFor(["a", "b"]) as outer, dsl.ParallelFor(["x", "y"]) as inner:
        joined = join(a=outer, b=inner)
    show(value=dsl.Collected(joined.outputs["out"]))


@dsl.pipeline(name="empty-loop")
def empty_loop(names: list) -> None:  # type: ignore[type-arg]
    with dsl.ParallelFor(names) as name:
        said = say(text=name)
    show(value=dsl.Collected(said.outputs["out"]))


@dsl.pipeline(name="failing-loop")
def failing_loop() -> None:
    with dsl.ParallelFor(["ok", "bad"]) as one:
        with dsl.If(one == "bad"):
            fail()
        say(text=one)
    greet()


@dsl.component(base_image="python:3.11")
def read_all(data: dsl.Input[list[dsl.Dataset]]) -> str:
    """All artifacts of a list, put together."""
    texts = []
    for one in data:
        with open(one.path) as file:
            texts.append(file.read())
    return "".join(texts)


@dsl.pipeline(name="artifact-loop")
def artifact_loop() -> None:
    with dsl.ParallelFor(["a", "b", "c"]) as one:
        data = write(text=one)
    read_all(data=dsl.Collected(data.outputs["data"]))


@dsl.pipeline(name="branched-loop")
def branched_loop(texts: list) -> None:  # type: ignore[type-arg]
    with dsl.ParallelFor(texts) as text, dsl.If(text == "yes"):
        said = say(text=text)
    show(value=dsl.Collected(said.outputs["out"]))


@dsl.pipeline(name="inside")
def inside(data: dsl.Input[list[dsl.Dataset]]) -> None:
    read_all(data=data)


@dsl.pipeline(name="collected-inside")
def collected_inside() -> None:
    with dsl.ParallelFor(["a", "b", "c"]) as one:
        data = write(text=one)
    inside(data=dsl.Collected(data.outputs["data"]))


@dsl.container_component
def final(status: dsl.PipelineTaskFinalStatus, out: dsl.OutputPath(dict)) -> dsl.ContainerSpec:  # type: ignore[valid-type]
    return shell('printf %s "$1" > "$2"', status, out)


@dsl.pipeline(name="guarded")
def guarded(fails: str) -> None:
    """An exit task follows the tasks of its handler, however they end."""
    with dsl.ExitHandler(say(text="cleaned up"), name="handler"):
        before = greet()
        with dsl.If(fails == "yes"):
            fail().after(before)


@dsl.pipeline(name="told")
def told(fails: str) -> None:
    with dsl.ExitHandler(final()):
        greet()
        with dsl.If(fails == "yes"):
            fail()


@dsl.pipeline(name="ignoring")
def ignoring() -> None:
    failed = fail()
    say(text="ran all the same").after(failed).ignore_upstream_failure()
    greet().after(failed)


@dsl.container_component
def fail_to_give(
    out: dsl.OutputPath(str),  # type: ignore[valid-type]
    number: dsl.OutputPath(int),  # type: ignore[valid-type]
) -> dsl.ContainerSpec:
    return shell("exit 3", out, number)


@dsl.container_component
def say_number(number: int = 7) -> dsl.ContainerSpec:
    return shell('echo "$1"', number)


@dsl.container_component
def say_default(out: dsl.OutputPath(str), text: str = "default") -> dsl.ContainerSpec:  # type: ignore[valid-type]
    return shell('printf "<%s>" "$1" > "$2"', text, out)


@dsl.pipeline(name="ignoring-a-number")
def ignoring_a_number() -> None:
    failed = fail_to_give()
    say_number(number=failed.outputs["number"]).ignore_upstream_failure()


@dsl.pipeline(name="ignoring-a-text")
def ignoring_a_text() -> None:
    failed = fail_to_give()
    say_default(text=failed.outputs["out"]).ignore_upstream_failure()


@dsl.pipeline(name="hooks")
def hooks() -> None:
    """Two tasks that follow one in any case, and one of them another too."""
    one, two = greet(), greet()
    say(text="a").after(one).ignore_upstream_failure().set_display_name("left out")
    say(text="b").after(one, two).ignore_upstream_failure().set_display_name("twice")


@dsl.pipeline(name="after-a-hook")
def after_a_hook() -> None:
    ignoring = say(text="a").after(greet()).ignore_upstream_failure()
    greet().after(ignoring)


@dsl.container_component
def unique(
    label: str,
    data: dsl.Output[dsl.Dataset],
    out: dsl.OutputPath(str),  # type: ignore[valid-type]
) -> dsl.ContainerSpec:
    """Values that no second execution gives again."""
    return shell(
        'mkdir -p "$(dirname "$2")"; uuid=$(cat /proc/sys/kernel/random/uuid); '
        'echo "$1 $uuid" > "$2"; printf %s "$uuid" > "$3"',
        label,
        data.path,
        out,
    )


@dsl.pipeline(name="cached-branch")
def cached_branch(label: str) -> None:
    with dsl.If(label != ""):
        one = unique(label=label)
    with dsl.Else():
        two = unique(label="other")
    join(a=dsl.OneOf(one.outputs["out"], two.outputs["out"]), b="x")


@dsl.container_component
def retry_me(text: str) -> dsl.ContainerSpec:
    return shell('echo "attempt $KFP_RETRY_INDEX of $1"; test "$KFP_RETRY_INDEX" = "$1"', text)


@dsl.pipeline(name="retried")
def retried(text: str) -> None:
    """A task that succeeds when its mounted file has three lines, and adds one each time."""
    retry_me(text=text).set_retry(3, backoff_duration="0s")


@dsl.container_component
def either(
    out: dsl.OutputPath(str),  # type: ignore[valid-type]
    text: Optional[str] = "by default",  # noqa: UP045
    other: Optional[str] = None,  # noqa: UP045
) -> dsl.ContainerSpec:
    return shell(
        'printf "%s|%s" "$1" "$2" > "$3"',
        text,
        dsl.IfPresentPlaceholder("other", then=[other], else_=["none"]),
        out,
    )


@dsl.pipeline(name="inner")
def inner(text: Optional[str] = None, number: int = 7, other: Optional[str] = None) -> None:  # noqa: UP045
    either(text=text, other=other)


@dsl.pipeline(name="optional")
def optional(text: Optional[str] = None, number: int = 4) -> None:  # noqa: UP045
    inner(text=text, number=number)


@dsl.pipeline(name="crossing")
def crossing() -> None:
    """Tasks after whole groups."""
    with dsl.ParallelFor(["a", "b"], name="first") as one:
        said = say(text=one)
    greet().after(said)


@dsl.pipeline(name="cached")
def cached(label: str) -> None:
    one = unique(label=label)
    join(a=one.outputs["out"], b="x")


@dsl.pipeline(name="keyed")
def keyed(label: str) -> None:
    unique(label=label).set_caching_options(enable_caching=True, cache_key="the key")


@dsl.container_component
def told_names(
    job: str,
    job_id: str,
    resource: str,
    task: str,
    task_id: str,
    created: str,
    scheduled: str,
    out: dsl.OutputPath(list),  # type: ignore[valid-type]
) -> dsl.ContainerSpec:
    return shell(
        'printf \'["%s","%s","%s","%s","%s","%s","%s"]\' "$1" "$2" "$3" "$4" "$5" "$6" "$7" > "$8"',
        *(job, job_id, resource, task, task_id, created, scheduled, out),
    )


@dsl.pipeline(name="placeholders")
def placeholders() -> None:
    told_names(
        job=dsl.PIPELINE_JOB_NAME_PLACEHOLDER,
        job_id=dsl.PIPELINE_JOB_ID_PLACEHOLDER,
        resource=dsl.PIPELINE_JOB_RESOURCE_NAME_PLACEHOLDER,
        task=dsl.PIPELINE_TASK_NAME_PLACEHOLDER,
        task_id=dsl.PIPELINE_TASK_ID_PLACEHOLDER,
        created=dsl.PIPELINE_JOB_CREATE_TIME_UTC_PLACEHOLDER,
        scheduled=dsl.PIPELINE_JOB_SCHEDULE_TIME_UTC_PLACEHOLDER,
    )


@dsl.pipeline(name="endless-loop")
def endless_loop() -> None:
    """Iterations that never end, and a task that would be retried."""
    with dsl.ParallelFor(["a", "b"]):
        deaf = wait_for_ever()
        deaf.set_retry(5)
