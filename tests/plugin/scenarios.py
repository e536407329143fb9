"""Test files for the sessions that these tests start."""

SLOW = """
import pathlib
import kfp.kubernetes
from kfp import dsl
from pytest_kubeflow import ScratchBucket, SeededVolume

@dsl.component(base_image="python:3.11")
def sleep():
    import time
    time.sleep(300)

@dsl.pipeline(name="slow")
def slow(pvc_name: str, bucket: str):
    kfp.kubernetes.mount_pvc(sleep(), pvc_name=pvc_name, mount_path="/data")

def test_slow(run_pipeline, seeded_pvc, minio_bucket, upload_pipeline):
    minio_bucket.put("a", b"x")
    seeded_pvc({"a": "b"})
    upload_pipeline(slow)
    arguments = {"pvc_name": SeededVolume({"x": "y"}), "bucket": ScratchBucket({"k": "v"})}
    run = run_pipeline(slow, arguments=arguments, wait=False)
    pathlib.Path("ready").touch()
    run.wait()
"""

TEARDOWN = """
import pathlib
import pytest
from pytest_kubeflow.fixtures.session.keeping import removing

@pytest.fixture
def slowly_removed(seeded_pvc, kf_kubernetes, kf_namespace):
    import time
    yield seeded_pvc()
    with removing():
        pathlib.Path("ready").touch()
        time.sleep(2)
        pathlib.Path("removed").touch()

def test_first(slowly_removed): pass
def test_second(): pathlib.Path("went-on").touch()
"""

MADE = """
import pathlib
import pytest
from kfp import dsl
from pytest_kubeflow import ScratchBucket, SeededVolume

@dsl.component(base_image="python:3.11")
def nothing(name: str, bucket: str):
    pass

@pytest.mark.parametrize("end", ["passes", "fails"])
def test_made(run_pipeline, end):
    arguments = {"name": SeededVolume(), "bucket": ScratchBucket({"k": "v"})}
    run = run_pipeline(nothing, arguments=arguments)
    with pathlib.Path("made").open("a") as file:
        print(end, run.name, run.volume("name").name, run.bucket("bucket").prefix, file=file)
    assert end == "passes"
"""

FAILING = """
import pytest
from kfp import dsl
from pytest_kubeflow import Deadline, wait_until

@dsl.component(base_image="python:3.11")
def divide(by: int) -> float:
    print("\\x1b]0;a title\\x07\\x1b[2K\\x1b[31mabout to \\x1b[1mdivide\\x1b[0m")
    return 1 / by

@dsl.component(base_image="python:3.11")
def hang():
    import time
    print("hanging around", flush=True)
    time.sleep(300)

@dsl.component(base_image="registry.invalid/no/such:image")
def unpulled():
    pass

@dsl.pipeline(name="failing")
def failing():
    divide(by=0)

@pytest.mark.kf_pipeline(failing)
def test_fails(pipeline_run): pass

def test_canceled(run_pipeline):
    run = run_pipeline(hang, wait=False)
    states = lambda: [task.state for task in run.tasks]
    wait_until(states, lambda seen: "RUNNING" in seen, deadline=Deadline.after(30), what="a start")
    run.terminate()
    run.wait()

def test_never_ends(run_pipeline):
    run_pipeline(hang, timeout=4)

def test_unknown_image(run_pipeline):
    run_pipeline(unpulled, timeout=4)
"""
