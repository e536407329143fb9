"""From tests and their markers to a RunPlan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pytest_kubeflow.config.markers import PIPELINE, REQUIRES
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.pipelines.packages.component_images import ComponentImages
from pytest_kubeflow.scheduling.declaration import Declaration
from pytest_kubeflow.scheduling.plan import RunPlan


def read_plan(tests: Iterable[Any], *, images: ComponentImages) -> RunPlan:
    """The plan of pytest items that have the marker kf_pipeline, in their order.

    A marker that is none becomes a run that cannot be submitted: that is for its test to say.
    """
    declared, refused = [], []
    for test in tests:
        marker = test.get_closest_marker(PIPELINE)
        function, _, _ = test.nodeid.partition("[")
        module, _, _ = test.nodeid.partition("::")
        requires = tuple(str(name) for one in test.iter_markers(REQUIRES) for name in one.args)
        try:
            read = Declaration.of(test.nodeid, function, module, marker.args, marker.kwargs)
            declared.append(replace(read, requires=requires))
        except ConfigurationError as error:
            refused.append((test.nodeid, function, module, error))
    plan = RunPlan.of(declared, images=images)
    for one in refused:
        plan.refuse(*one)
    return plan
