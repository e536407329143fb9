"""Pipelines of one component that runs in a given image."""

from collections.abc import Callable, Sequence
from typing import Any

import kfp.kubernetes
from kfp import dsl

Pipeline = Callable[..., Any]

# What every image can do that has a shell. Python is asked for modules alone.
_LOOK = r"""
set -e
facts=$0; mkdir -p "$(dirname "$facts")"
printf 'machine %s\nuser %s\n' "$(uname -m)" "$(id -u)" > "$facts"
if [ -f "$1" ]; then printf 'content %s\n' "$(cat "$1")" >> "$facts"; fi
shift
for module; do
  if said=$(python3 -c "import $module" 2>&1); then said=ok; fi
  printf 'import %s %s\n' "$module" "$(printf %s "$said" | tail -n 1)" >> "$facts"
done
"""

MARK = "/opt/kf-mark/version"
"""A file whose content tells images apart."""


def looking(
    image: str, pull_secrets: Sequence[str] = (), *, imports: Sequence[str] = (), policy: str = ""
) -> Pipeline:
    """A container component, with nothing in it of kfp, that tells where it is."""

    @dsl.container_component
    def look(facts: dsl.OutputPath(str)):  # type: ignore[no-untyped-def, valid-type]
        return dsl.ContainerSpec(
            image=image, command=["sh", "-c", _LOOK], args=[facts, MARK, *imports]
        )

    @dsl.pipeline(name="looking-into-an-image")
    def pipeline() -> None:
        _pulled(look(), pull_secrets, policy)

    return pipeline


def counting(image: str, pull_secrets: Sequence[str] = (), *, has_kfp: bool) -> Pipeline:
    """A Python component, which installs kfp when it starts unless the image has it."""

    @dsl.component(base_image=image, install_kfp_package=not has_kfp)
    def count(number: int) -> int:
        """One more."""
        return number + 1

    @dsl.pipeline(name="counting-in-an-image")
    def pipeline(number: int) -> int:
        task = _pulled(count(number=number), pull_secrets)
        result: int = task.output
        return result

    return pipeline


def _pulled(task: Any, pull_secrets: Sequence[str], policy: str = "") -> Any:
    if pull_secrets:
        kfp.kubernetes.set_image_pull_secrets(task, list(pull_secrets))
    if policy:
        kfp.kubernetes.set_image_pull_policy(task, policy)
    return task
