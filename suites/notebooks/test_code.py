"""Code runs in a notebook: it computes, has Kubeflow's SDK, installs packages, and trains."""

import re

import pytest

from pytest_kubeflow import Notebook, skip_for

from .. import package_index

pytestmark = pytest.mark.kf_requires("notebooks")

SOFTMAX = """
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

digits = load_digits()
seen, unseen, labels, expected = train_test_split(
    digits.data / 16, digits.target, test_size=0.25, random_state=7, stratify=digits.target
)
softmax = LogisticRegression(max_iter=200).fit(seen, labels)
print(f"{len(expected)} digits, accuracy {softmax.score(unseen, expected):.4f}")
"""

INSTALL = """
import subprocess, sys
done = subprocess.run(
    [sys.executable, "-m", "pip", "install", "--quiet", "--target", "packages", "tomli-w"],
    capture_output=True, text=True,
)
print(done.returncode, done.stdout, done.stderr)
"""

USE = """
import sys
sys.path.insert(0, "packages")
import tomli_w
tomli_w.dumps({"answer": 42})
"""


def test_a_cell_computes(workbench: Notebook) -> None:
    """A cell runs, its result comes back, and the kernel keeps its variables."""
    found = workbench.execute("answer = 6 * 7\nprint('computed')\nanswer")
    assert (found.stdout, found.result) == ("computed\n", "42")
    # What a cell has defined is there for the next.
    assert workbench.execute("answer + 1").result == "43"


def test_the_sdk_of_pipelines_is_there(workbench: Notebook) -> None:
    """The image for notebooks has kfp 2 or later."""
    found = workbench.execute("import kfp\nkfp.__version__").result
    assert re.fullmatch(r"'[2-9]\.\d+\.\d+\S*'", found), f"kfp in the notebook is {found}"


def test_a_package_is_installed(workbench: Notebook) -> None:
    """A package is installed by pip in a notebook, and can be imported."""
    found = workbench.execute(INSTALL).stdout
    if (told := package_index.OF_PODS.search(found)) and not found.startswith("0 "):
        skip_for(
            "package-index",
            f"the notebook reaches no package index ({told[0]}): set one in its image or by a "
            "PodDefault (PIP_INDEX_URL)",
        )
    assert found.startswith("0 "), f"pip in the notebook failed: {found}"
    assert workbench.execute(USE).result == repr("answer = 42\n")


def test_softmax_learns_digits(workbench: Notebook) -> None:
    """A notebook trains a classifier of digits with more than 90 % accuracy."""
    found = workbench.execute(SOFTMAX).stdout
    told = re.search(r"(\d+) digits, accuracy (\d\.\d+)", found)
    assert told, f"no accuracy in what the notebook wrote: {found!r}"
    assert int(told[1]) == 450
    assert 0.9 <= float(told[2]) <= 1.0, f"the model is right for {told[2]} of the digits only"
