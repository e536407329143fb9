"""Tasks hand on a file by a volume: numbers are sorted by one and written out by the next."""

import kfp.kubernetes
import pytest
from kfp import dsl

from pytest_kubeflow import PipelineRun, SeededVolume

NUMBERS = "1\n3\n2\n4\n5\n10\n9\n7\n8\n6\n"
SORTED = "10\n9\n8\n7\n6\n5\n4\n3\n2\n1\n"


@dsl.component(base_image="python:3.11")
def sort_numbers(source: str, target: str) -> int:
    """Write the numbers in `source`, one a line, to `target` in descending order."""
    import pathlib

    numbers = [int(line) for line in pathlib.Path(source).read_text().split()]
    numbers.sort(reverse=True)
    pathlib.Path(target).write_text("".join(f"{number}\n" for number in numbers))
    return len(numbers)


@dsl.component(base_image="python:3.11")
def write_out(source: str, target: str) -> None:
    """Move the file `source` to `target` and print its lines."""
    import pathlib

    content = pathlib.Path(source).read_text()
    path = pathlib.Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    pathlib.Path(source).unlink()
    print("sorted numbers:", ",".join(content.split()))  # noqa: T201 the log is part of the test


@dsl.pipeline(name="sort-csv")
def sort_csv(pvc_name: str) -> None:
    """Sort `input_numbers.csv` on the claim `pvc_name` into `output/sorted_numbers.csv`."""
    sorting = sort_numbers(source="/data/input_numbers.csv", target="/data/sorted.tmp")
    writing = write_out(source="/data/sorted.tmp", target="/data/output/sorted_numbers.csv")
    writing.after(sorting)
    for task in (sorting, writing):
        kfp.kubernetes.mount_pvc(task, pvc_name=pvc_name, mount_path="/data")


@pytest.mark.kf_pipeline(
    sort_csv, arguments={"pvc_name": SeededVolume({"input_numbers.csv": NUMBERS})}
)
def test_sorted(pipeline_run: PipelineRun) -> None:
    """Two tasks hand over a file by a volume, and its content is right."""
    volume = pipeline_run.volume("pvc_name")
    assert volume.read_text("output/sorted_numbers.csv") == SORTED
    assert volume.read_text("input_numbers.csv") == NUMBERS
    assert volume.list() == ["input_numbers.csv", "output/sorted_numbers.csv"]
    assert pipeline_run.task("sort-numbers").output == 10
    assert "sorted numbers: 10,9,8,7,6,5,4,3,2,1" in pipeline_run.task("write-out").log()
