"""Components find what Secrets and ConfigMaps hold, as it is now."""

from pytest_kubeflow import GivenValuesMaker, PipelineRunner, PipelineUploader

from .pipelines import reading, reading_optional, reading_variable
from .values import digest, expected, new_secret, new_settings


def test_values_arrive_unchanged_as_variables_and_as_files(
    run_pipeline: PipelineRunner, kf_secret: GivenValuesMaker, kf_config_map: GivenValuesMaker
) -> None:
    """Secrets and ConfigMaps arrive as variables and as files, byte for byte."""
    secret, settings = new_secret(), new_settings()
    names = {"secret": kf_secret(secret).name, "config_map": kf_config_map(settings).name}
    run = run_pipeline(reading, arguments=names)
    assert run.outputs["Output"] == expected(secret, settings)


def test_what_may_be_missing_is_left_out(
    run_pipeline: PipelineRunner, kf_secret: GivenValuesMaker
) -> None:
    """A task starts without Secrets and ConfigMaps that are optional."""
    gone = kf_secret({"password": "-"})
    gone.delete()
    names = {"secret": gone.name, "config_map": f"{gone.name}-settings"}
    run = run_pipeline(reading_optional, arguments=names)
    assert run.outputs["Output"] == {}


def test_a_changed_value_is_there_in_the_next_run(
    run_pipeline: PipelineRunner, kf_secret: GivenValuesMaker
) -> None:
    """The next run has the changed value of a Secret."""
    before, after = new_secret(), new_secret()
    secret = kf_secret(before)
    first = run_pipeline(reading_variable, arguments={"secret": secret.name})
    secret.replace(after)
    second = run_pipeline(reading_variable, arguments={"secret": secret.name})
    message = f"{secret} was changed between two runs, and the second one has the old value"
    assert second.outputs["Output"] != first.outputs["Output"], message
    assert first.outputs["Output"]["SECRET_PASSWORD"] == digest(before["password"])
    assert second.outputs["Output"]["SECRET_PASSWORD"] == digest(after["password"])


def test_the_cache_does_not_know_what_a_secret_holds(
    run_pipeline: PipelineRunner,
    upload_pipeline: PipelineUploader,
    kf_secret: GivenValuesMaker,
) -> None:
    """A cached task is not run again when the value of its Secret changes.

    A task that is cached gives what it gave before the Secret was changed: KFP's rule.

    Its key is made of inputs and command (backend/src/v2/cacheutils), of which no value is a part.
    """
    before = new_secret()
    secret = kf_secret(before)
    (version,) = upload_pipeline(reading_variable).versions()
    first = run_pipeline(version, arguments={"secret": secret.name})
    secret.replace(new_secret())
    second = run_pipeline(version, arguments={"secret": secret.name})
    assert second.task("digests").is_cached
    assert second.outputs["Output"] == first.outputs["Output"]
    assert first.outputs["Output"]["SECRET_PASSWORD"] == digest(before["password"])
