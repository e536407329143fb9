from typing import Any

from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.pipelines.outputs.mlmd import plain, records
from pytest_kubeflow.pipelines.outputs.mlmd_messages import message

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(min_size=1), JSON, max_size=5))
def test_struct_values_come_back_over_the_wire(value: dict[str, Any]) -> None:
    sent = message("Value")()
    struct = struct_pb2.Struct()
    struct.update(value)
    sent.struct_value.ParseFromString(struct.SerializeToString())
    sent.struct_value.SetInParent()
    assert plain(message("Value").FromString(sent.SerializeToString())) == value


@given(st.integers(-(2**63), 2**63 - 1) | st.text() | st.booleans())
def test_scalars_come_back(value: int | str | bool) -> None:
    field = {int: "int_value", str: "string_value", bool: "bool_value"}[type(value)]
    sent = message("Value")(**{field: value})
    assert plain(message("Value").FromString(sent.SerializeToString())) == value


def execution(number: int, task: str, parent: int | None, state: int = 3, **properties: Any) -> Any:
    made = message("Execution")(
        id=number,
        name=f"execution/{number}",
        type="system.ContainerExecution",
        last_known_state=state,
        create_time_since_epoch=1000 * number,
        last_update_time_since_epoch=1000 * number + 500,
    )
    if task:
        made.custom_properties["task_name"].string_value = task
    if parent is not None:
        made.custom_properties["parent_dag_id"].int_value = parent
    for name, value in properties.items():
        made.custom_properties[name].string_value = value
    return made


def test_records_are_ordered_and_know_the_dags_around_them() -> None:
    root = execution(1, "", None)
    inner = execution(3, "inner", 1, state=2)
    inner.type = "system.DAGExecution"
    task = execution(4, "square", 3, pod_name="run-x-pod", display_name="Square it")
    struct = struct_pb2.Struct()
    struct.update({"Output": 9.0})
    task.custom_properties["outputs"].struct_value.CopyFrom(
        type(task.custom_properties["outputs"].struct_value).FromString(struct.SerializeToString())
    )
    first = execution(2, "add", 1, state=4)
    found = records([task, inner, root, first], {})
    assert [(each.name, each.path, each.state) for each in found] == [
        ("add", ("add",), "FAILED"),
        ("inner", ("inner",), "RUNNING"),
        ("square", ("inner", "square"), "SUCCEEDED"),
    ]
    square = found[-1]
    assert square.outputs == {"Output": 9.0}
    assert (square.pod_name, square.display_name) == ("run-x-pod", "Square it")
    assert (square.started, square.ended) == (4.0, 4.5)
    assert found[1].is_dag
    assert found[1].ended is None


def test_records_survive_a_parent_that_is_its_own() -> None:
    loop = execution(1, "loop", 1)
    assert [each.name for each in records([loop], {})] == ["loop"]


def test_iterations_have_the_path_of_their_loop_and_a_place_of_their_own() -> None:
    root, loop = execution(1, "", 0), execution(2, "loop", 1)
    loop.custom_properties["iteration_count"].int_value = 2
    iterations = [execution(3 + n, "loop", 2) for n in (0, 1)]
    for number, one in enumerate(iterations):
        one.custom_properties["iteration_index"].int_value = number
    task = execution(5, "square", 4)
    found = records([root, loop, *iterations, task], {})
    assert [(each.path, each.place) for each in found] == [
        (("loop",), ("loop",)),
        (("loop",), ("loop[0]",)),
        (("loop",), ("loop[1]",)),
        (("loop", "square"), ("loop[1]", "square")),
    ]
