"""Applications: what people open in a browser."""

import pytest

from pytest_kubeflow import PlatformHealth

from .reads import PAGES


@pytest.mark.usefixtures("kf_cluster")
def test_each_link_leads_to_its_app(platform_health: PlatformHealth) -> None:
    """Each link of the dashboard's menu leads to its own app, and that answers."""
    platform_health.expect_none("KF904", "KF906", reads=[*PAGES])


@pytest.mark.usefixtures("kf_cluster")
def test_web_apps_can_be_written_to(platform_health: PlatformHealth) -> None:
    """Browsers send back the cookie that web apps want with each change."""
    platform_health.expect_none("KF901", reads=[*PAGES])


def test_notebooks_answer(platform_health: PlatformHealth) -> None:
    """What listens in a notebook's pod answers, and its home is kept."""
    platform_health.expect_none("KF902", "KF903", reads=["notebooks.kubeflow.org", "pods"])


def test_services_have_a_known_mode(platform_health: PlatformHealth) -> None:
    """InferenceServices name a deployment mode that KServe still has."""
    platform_health.expect_none("KF905", reads=["inferenceservices.serving.kserve.io"])
