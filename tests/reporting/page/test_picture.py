"""The picture of a run: nothing lies on anything else, edges go forward, groups hold their own."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.reporting.page.layered import arrange
from pytest_kubeflow.reporting.page.nesting import Nesting
from pytest_kubeflow.reporting.page.picture import Box, Picture, picture
from pytest_kubeflow.reporting.page.ranking import acyclic, ranks, reduced
from pytest_kubeflow.reporting.records.runs import TaskEntry
from tests.reporting.page.runs import loop, pythagorean

NAMES = ["a", "b", "a/b", "a[0]", "a[0]/b", "b/a"]
Graph = tuple[int, list[tuple[int, int]]]

GRAPHS = st.integers(1, 12).flatmap(
    lambda nodes: st.tuples(
        st.just(nodes),
        st.lists(st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)), max_size=30),
    )
)
"""Any graph, with circles too."""


def done(name: str, *after: str, **more: object) -> TaskEntry:
    return TaskEntry(
        name,
        "SUCCEEDED",
        started=1.0,
        ended=3.0,
        after=after,
        within=name.rpartition("/")[0],
        **more,  # type: ignore[arg-type]
    )


def drawn(*tasks: TaskEntry) -> Picture:
    found = picture(tasks)
    assert found is not None
    return found


def box(of: Picture, name: str) -> Box:
    (found,) = (box for box in of.boxes if box.name == name)
    return found


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def inside(one: Box, group: Box) -> bool:
    return (
        group.x < one.x
        and one.x + one.width < group.x + group.width
        and group.y < one.y
        and one.y + one.height < group.y + group.height
    )


@given(GRAPHS)
def test_edges_lead_to_later_layers(graph: Graph) -> None:
    nodes, edges = graph
    kept = acyclic(nodes, edges)
    layers = ranks(nodes, kept)
    assert all(layers[start] < layers[end] for start, end in kept)
    assert set(kept) <= set(edges)
    # Whoever could be reached can still be reached.
    assert _reach(nodes, reduced(nodes, kept)) == _reach(nodes, kept)


def _reach(nodes: int, edges: list[tuple[int, int]]) -> set[tuple[int, int]]:
    found = set(edges)
    for through in range(nodes):
        found |= {
            (start, end)
            for start in range(nodes)
            for end in range(nodes)
            if (start, through) in found and (through, end) in found
        }
    return found


@given(GRAPHS, st.data())
def test_no_two_nodes_overlap(graph: Graph, data: st.DataObject) -> None:
    nodes, edges = graph
    side = st.floats(5, 300)
    sizes = data.draw(st.lists(st.tuples(side, side), min_size=nodes, max_size=nodes))
    found = arrange(sizes, edges)
    boxes = [(x, y, *size) for (x, y), size in zip(found.places, sizes, strict=True)]
    for (x, y, width, height), (a, b, wide, tall) in combinations(boxes, 2):
        assert (
            x + width <= a + 1e-6
            or a + wide <= x + 1e-6
            or y + height <= b + 1e-6
            or b + tall <= y + 1e-6
        )
    assert all(
        x >= -1e-6
        and y >= -1e-6
        and x + width <= found.size[0] + 1e-6
        and y + height <= found.size[1] + 1e-6
        for x, y, width, height in boxes
    )


def test_a_diamond_has_no_crossing_and_is_in_three_layers() -> None:
    found = arrange([(10, 10)] * 4, [(0, 1), (0, 2), (1, 3), (2, 3)], between=20)
    columns = [x for x, _ in found.places]
    assert columns == [0, 30, 30, 60]
    assert found.places[0][1] == found.places[3][1]


def test_crossings_are_undone() -> None:
    """0 and 1 stand over each other, and lead to 3 and 2."""
    found = arrange([(10, 10)] * 4, [(0, 3), (1, 2)])
    above = found.places[0][1] < found.places[1][1]
    assert (found.places[3][1] < found.places[2][1]) == above


def test_tasks_stand_behind_what_they_wait_for() -> None:
    found = drawn(*pythagorean(1, 0).tasks)
    assert box(found, "square").x == box(found, "square-2").x
    assert box(found, "add").x > box(found, "square").x
    assert box(found, "square-root").x > box(found, "add").x
    assert len(found.edges) == 3
    assert "square-root succeeded" in found.described


def test_nested_dags_are_groups_around_their_tasks() -> None:
    found = drawn(*loop(1, 0).tasks)
    group = box(found, "for-loop-1[1]")
    assert group.is_group
    for box_ in found.boxes:
        if box_.name.startswith("for-loop-1[1]/"):
            assert inside(box_, group)
        elif not box_.is_group:
            assert not overlap(box_, group)
    groups = [one for one in found.boxes if one.is_group]
    assert not any(overlap(one, other) for one, other in combinations(groups, 2))
    assert box(found, "for-loop-1[2]/tell").note == "cached"
    last = box(found, "collect")
    assert last.x > group.x + group.width or last.y > group.y + group.height


def test_groups_in_groups() -> None:
    found = drawn(
        done("outer", is_dag=True),
        done("outer/inner", is_dag=True),
        done("outer/inner/task"),
        done("outer/other", "outer/inner"),
    )
    assert inside(box(found, "outer/inner"), box(found, "outer"))
    assert inside(box(found, "outer/inner/task"), box(found, "outer/inner"))
    assert [one.name for one in found.boxes if one.is_group] == ["outer", "outer/inner"]


def test_an_edge_across_groups_leads_to_the_group() -> None:
    found = drawn(
        done("first"), done("dag", is_dag=True), done("dag/task", "first"), done("dag/last")
    )
    assert len(found.edges) == 1
    assert box(found, "dag").x > box(found, "first").x


def test_a_dag_that_is_not_listed_is_passed_over() -> None:
    found = drawn(done("a", is_dag=True), done("a/gone/b"), done("c", "a"))
    assert inside(box(found, "a/gone/b"), box(found, "a"))


def test_circles_and_names_that_lead_nowhere_do_no_harm() -> None:
    tasks = (
        TaskEntry("a", "SUCCEEDED", after=("b", "a", "nobody"), within="b"),
        TaskEntry("b", "SUCCEEDED", after=("a",), within="a"),
        TaskEntry("a", "FAILED", within="nobody"),
    )
    assert len(drawn(*tasks).boxes) == 3


def test_a_long_chain_goes_down_where_that_is_narrower() -> None:
    chain = [done(f"task-{at}", *([f"task-{at - 1}"] if at else [])) for at in range(12)]
    found = drawn(*chain)
    assert found.width < 300
    assert box(found, "task-11").y > box(found, "task-0").y


def test_tasks_that_nothing_connects_stand_in_rows() -> None:
    found = drawn(*(done(f"task-{at}") for at in range(60)))
    assert found.width < 1_000
    assert not any(overlap(one, other) for one, other in combinations(found.boxes, 2))


def test_a_hundred_tasks_that_all_wait_for_each_other() -> None:
    """4,950 edges, of which 99 say it all."""
    names = [f"task-{at}" for at in range(100)]
    found = drawn(*(done(name, *names[:at]) for at, name in enumerate(names)))
    assert len(found.edges) == 99


def test_of_very_many_tasks_the_first_are_drawn() -> None:
    found = drawn(*(done(f"task-{at}") for at in range(1_000)))
    assert len(found.boxes) == 150
    assert found.left_out == 850


def test_wide_letters_fit_too() -> None:
    (one,) = drawn(done("数" * 40)).boxes
    assert len(one.label) <= 11
    assert one.name == "数" * 40


def test_no_tasks_no_picture() -> None:
    assert picture(()) is None


def test_iterations_are_in_their_loop() -> None:
    tasks = (
        done("loop", is_dag=True),
        done("loop[0]", is_dag=True),
        done("loop[1]", is_dag=True),
        done("loop[0]/double"),
        done("loop[1]/double"),
        done("add-up", "loop", "loop[0]", "loop[1]"),
    )
    found = drawn(*tasks)
    assert inside(box(found, "loop[1]"), box(found, "loop"))
    assert inside(box(found, "loop[1]/double"), box(found, "loop[1]"))
    assert len(found.edges) == 1
    assert [(tasks[at].name, depth) for at, depth in Nesting(tasks).rows()] == [
        ("loop", 0),
        ("loop[0]", 1),
        ("loop[0]/double", 2),
        ("loop[1]", 1),
        ("loop[1]/double", 2),
        ("add-up", 0),
    ]


@given(
    st.lists(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(["a", "b"])),
        max_size=8,
    )
)
def test_every_task_has_a_row_whatever_its_names_say(names: list[tuple[str, str]]) -> None:
    tasks = [
        TaskEntry(name, "FAILED", within=within, after=(within,), is_dag=True)
        for name, within in names
    ]
    assert sorted(at for at, _ in Nesting(tasks).rows()) == list(range(len(tasks)))
    if tasks:
        assert len(drawn(*tasks).boxes) == len(tasks)
