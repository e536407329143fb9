"""RunPlan: the runs that the selected tests declare, in the order of the tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.pipelines.packages.component_images import AS_THEY_ARE, ComponentImages
from pytest_kubeflow.pipelines.packages.package import Package
from pytest_kubeflow.pipelines.submission import Prepared, prepare
from pytest_kubeflow.scheduling.declaration import Declaration


@dataclass(eq=False)
class PlannedRun:
    """One run, and the tests that get it. `error` says why it cannot be submitted."""

    declaration: Declaration
    tests: list[str] = field(default_factory=list)
    prepared: Prepared | None = None
    error: ConfigurationError | None = None


class RunPlan:
    """The runs of a session. A test has one at most."""

    def __init__(self, *, images: ComponentImages = AS_THEY_ARE) -> None:
        self._images = images
        self._by_test: dict[str, PlannedRun] = {}
        self.runs: list[PlannedRun] = []

    @classmethod
    def of(
        cls, declarations: Iterable[Declaration], *, images: ComponentImages = AS_THEY_ARE
    ) -> RunPlan:
        """Compiles each pipeline once, and checks the arguments. Nothing is asked of a cluster."""
        plan = cls(images=images)
        compiled: dict[int, Package] = {}
        sharing: dict[int, list[PlannedRun]] = {}
        for declaration in declarations:
            alike = sharing.setdefault(id(declaration.pipeline), [])
            run = next((one for one in alike if one.declaration.could_share(declaration)), None)
            if run is None:
                run = PlannedRun(declaration)
                plan._prepare(run, compiled)
                plan.runs.append(run)
                if declaration.share != "item":
                    alike.append(run)
            run.tests.append(declaration.test)
            plan._by_test[declaration.test] = run
        plan._tell_names_apart()
        return plan

    def __iter__(self) -> Iterator[PlannedRun]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)

    def run_of(self, test: str) -> PlannedRun | None:
        """The run that a test gets."""
        return self._by_test.get(test)

    def refuse(self, test: str, function: str, module: str, error: ConfigurationError) -> None:
        """Put in a test whose declaration is none."""
        run = PlannedRun(Declaration(test, function, module, None), [test], error=error)
        self.runs.append(run)
        self._by_test[test] = run

    @property
    def refused(self) -> list[PlannedRun]:
        """Those that cannot be submitted."""
        return [run for run in self.runs if run.error is not None]

    def _prepare(self, run: PlannedRun, compiled: dict[int, Package]) -> None:
        wanted = run.declaration
        key = id(wanted.pipeline)
        try:
            run.prepared = prepare(
                wanted.pipeline,
                arguments=wanted.arguments,
                name=wanted.name,
                images=self._images,
                package=compiled.get(key),
            )
        except ConfigurationError as error:
            run.error = error
        else:
            compiled[key] = run.prepared.package

    def _tell_names_apart(self) -> None:
        """A name that two tests give on purpose is a mistake in one of them."""
        functions: dict[str, PlannedRun] = {}
        for run in self.runs:
            name = run.declaration.name
            if name is None:
                continue
            first = functions.setdefault(name, run)
            if first.declaration.function != run.declaration.function:
                for one, other in ((first, run), (run, first)):
                    one.error = one.error or ConfigurationError(
                        f"another test declares a run named {name!r} too: {other.declaration.test}"
                    )
