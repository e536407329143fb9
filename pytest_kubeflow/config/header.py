"""What pytest's header says of the configuration."""

from __future__ import annotations

from pytest_kubeflow.config.model import KubeflowConfig, shown
from pytest_kubeflow.config.setting import DEFAULT
from pytest_kubeflow.redaction import Secret


def header_lines(config: KubeflowConfig) -> list[str]:
    """What was set, and where. Defaults are not listed."""
    if not config.names_cluster:
        return ["kubeflow: no cluster named (--kf-host=URL, or --kf-host=local)"]
    given = [
        f"{name.replace('_', '-')}={shown(setting.value)} ({setting.origin})"
        for name, setting in config.settings.items()
        if setting.rank > DEFAULT
    ]
    return [f"kubeflow: {', '.join(given)}", *_easily_guessed(config)]


def _easily_guessed(config: KubeflowConfig) -> list[str]:
    """A line for each secret that could stand in any text, and is not masked everywhere for it."""
    lines = []
    for name, setting in config.settings.items():
        value = setting.value
        if name == "s3_access_key" or not (isinstance(value, Secret) and value.is_common):
            continue
        where = "only where it stands as a value, such as password=..., or in quotes"
        masked = f"masked in reports {where}" if value.is_masked else "not masked in reports"
        lines.append(f"kubeflow: KF_{name.upper()} is short or a common word: it is {masked}")
    return lines
