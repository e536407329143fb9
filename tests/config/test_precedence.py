"""Which source counts, and that each value says where it is from."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from pytest_kubeflow.config.header import header_lines
from pytest_kubeflow.config.imagemirror import ImageMirror
from pytest_kubeflow.config.imagereference import ImageReference
from pytest_kubeflow.config.keyvalue import KeyValue
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.config.table import OPTIONS
from pytest_kubeflow.config.toleration import Toleration
from pytest_kubeflow.errors import ConfigurationError
from tests.cluster.certificate import self_signed
from tests.config.sources import resolved

SOURCES = ["command line", "environment", "target", "ini"]
ORIGINS = {
    "command line": "command line",
    "environment": "environment KF_CONTEXT",
    "target": "target staging in kubeflow-targets.toml",
    "ini": "kf_context in pytest.ini",
}
DIGESTED = f"r.example/a/b@sha256:{'0' * 64}"
NEEDED = {
    "offline": {"KF_BASE_IMAGE": "mirror.example/python-kfp:1"},
    "conformance": {"KF_CONFORMANCE_PRODUCT": "file"},
    "slower_than": {"KF_HISTORY": "past"},
    "registry_username": {"KF_REGISTRY_PASSWORD": "planted-1"},
}
"""What else has to be given with an option."""

GIVEN = [
    given for count in range(len(SOURCES) + 1) for given in itertools.combinations(SOURCES, count)
]


@pytest.mark.parametrize("given", GIVEN, ids="+".join)
def test_the_most_important_source_counts(given: tuple[str, ...], tmp_path: Path) -> None:
    value = "context = 'target'" if "target" in given else ""
    (tmp_path / "kubeflow-targets.toml").write_text(f"[targets.staging]\n{value}\n")
    config = resolved(
        {"target": "staging"} | ({"context": "command line"} if "command line" in given else {}),
        {"KF_CONTEXT": "environment"} if "environment" in given else {},
        {"context": "ini"} if "ini" in given else {},
        folder=tmp_path,
    )
    if given:
        first = min(given, key=SOURCES.index)
        assert config.kubernetes.context == first
        assert config.origin("context") == ORIGINS[first]
        assert config.described("context") == f"--kf-context={first} (from {ORIGINS[first]})"
    else:
        assert config.kubernetes.context is None
        assert config.origin("context") == "default"


def test_defaults_are_those_of_the_classes() -> None:
    """The table's defaults and the dataclasses' agree, group by group, in value and type."""
    config, plain = resolved(), KubeflowConfig()
    for option in OPTIONS:
        if option.field:
            group, attribute = option.field.split(".")
            found = getattr(getattr(config, group), attribute)
            default = getattr(getattr(plain, group), attribute)
            assert found == default, option.name
            assert type(found) is type(default), option.name


def test_every_option_reaches_its_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("secret in a file")
    certificate, _ = self_signed(tmp_path)
    special = {
        "host": ("https://kf.example.com/", "https://kf.example.com"),
        "auth": ("dex", "dex"),
        "insecure": ("on", True),
        "ca_cert": (certificate.name, certificate),
        "s3_endpoint": ("http://s3:9000", "http://s3:9000"),
        "require": ("katib,gpu", ("katib", "gpu")),
        "strict": ("yes", True),
        "allow_skip": ("gpu,*x*", ("gpu", "*x*")),
        "conformance": ("26.03", "26.03"),
        "conformance_bundle": ("folder/c.zip", tmp_path / "folder" / "c.zip"),
        "known": ("file", tmp_path / "file"),
        "accept": ("model-registry-open", ("model-registry-open",)),
        "min_tests": ("50", 50),
        "image": (DIGESTED, (ImageReference.parse(DIGESTED),)),
        "image_imports": ("numpy,sklearn.svm", ("numpy", "sklearn.svm")),
        "image_mirror": ("quay.io=r.example/q", (ImageMirror("quay.io", "r.example/q"),)),
        "registry": ("r.example:5000/tests", "r.example:5000/tests"),
        "bucket": ("own", "own"),
        "report_bucket": ("s3://nights/a/", "s3://nights/a"),
        "report_endpoint": ("http://s3:9000", "http://s3:9000"),
        "keep": ("always", "always"),
        "keep_for": ("24h", 86400.0),
        "schedule": ("sequential", "sequential"),
        "slow": ("yes", True),
        "recurring_period": ("10s", 10),
        "max_runs": ("3", 3),
        "session_timeout": ("2h", 7200.0),
        "timeout": ("1m", 60.0),
        "start_timeout": ("30s", 30.0),
        "local_mode": ("standalone", "standalone"),
        "local_fault": ("a,b", ("a", "b")),
        "local_strict": ("on", True),
        "local_pod_network": ("shared", "shared"),
        "local_trainer": ("2.1", "2.1"),
        "local_training_operator": ("true", True),
        "gpu_all_nodes": ("true", True),
        "serving_mode": ("RawDeployment", "RawDeployment"),
        "serving_ingress": ("port-forward", "port-forward"),
        "serving_s3_endpoint": ("http://s3:9000", "http://s3:9000"),
        "sklearn_package": ("scikit-learn~=1.5.1", ("scikit-learn~=1.5.1",)),
        "volume_size": ("2Gi", "2Gi"),
        "pod_requests": ("cpu=1", (KeyValue("cpu", "1"),)),
        "pod_limits": ("memory=1Gi", (KeyValue("memory", "1Gi"),)),
        "pod_labels": ("a=b", (KeyValue("a", "b"),)),
        "pod_annotations": ("a=b c", (KeyValue("a", "b c"),)),
        "pod_toleration": ("a=b:NoExecute", (Toleration("a", "b", "NoExecute"),)),
        "pod_node_selector": ("a=b", (KeyValue("a", "b"),)),
        "pod_image_pull_secret": ("a,b", ("a", "b")),
        "health_fails_on": ("notice", "notice"),
        "fleet": ("folder", tmp_path / "folder"),
        "history": ("folder/file", tmp_path / "folder" / "file"),
        "slower_than": ("3", 3.0),
        "bundle": ("folder/bundle.zip", tmp_path / "folder" / "bundle.zip"),
        "evidence": ("short", "short"),
        "evidence_timeout": ("5s", 5.0),
        "quiet": ("yes", True),
        "strict_cleanup": ("yes", True),
        "upgrade": ("after", "after"),
        "load": ("20", 20),
        "load_timeout": ("5m", 300.0),
        "component_env": ("HTTPS_PROXY=http://p:1", (KeyValue("HTTPS_PROXY", "http://p:1"),)),
        "component_ca": ("site-ca", "site-ca"),
        "offline": ("yes", True),
        "suites": ("volumes,katib", ("volumes", "katib")),
        "job_name": ("nightly", "nightly"),
        "job_schedule": ("15  1 * * 1-5", "15 1 * * 1-5"),
        "job_deadline": ("2h", 7200.0),
        "pip_index_url": ("https://pypi.example/simple", ("https://pypi.example/simple",)),
    }
    checked = 0
    for option in OPTIONS:
        if not option.field or option.secret or option.name == "gpu_toleration":
            continue
        text, value = special.get(option.name, ("file", None))
        local = {"host": "local"} if option.name in {"local_fault", "local_strict"} else {}
        needed = NEEDED.get(option.name, {})
        config = resolved(local, {option.env: text, **needed}, folder=tmp_path)
        group, attribute = option.field.split(".")
        found = getattr(getattr(config, group), attribute)
        assert found == value if value is not None else str(found).endswith("file"), option.name
        assert config.origin(option.name) == f"environment {option.env}"
        checked += 1
    assert checked > 15


def test_repeated_options_add_up() -> None:
    config = resolved({"require": ["katib,gpu", "kserve", "gpu"]})
    assert config.session.require == ("katib", "gpu", "kserve")


def test_an_empty_text_is_not_the_same_as_none() -> None:
    """An empty variable is an error, not a way to say nothing: somebody meant something by it."""
    for option in OPTIONS:
        with pytest.raises(ConfigurationError, match=f"environment {option.env} is empty; valid: "):
            resolved(environment={option.env: " "})


def test_paths_start_where_they_were_written(tmp_path: Path) -> None:
    for name in ("ini", "here"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config").touch()
    here, ini = tmp_path / "here", tmp_path / "ini"
    by_hand = resolved({"kubeconfig": "config"}, folder=here, ini_folder=ini)
    by_ini = resolved(ini={"kubeconfig": "config"}, folder=here, ini_folder=ini)
    assert by_hand.kubernetes.kubeconfig == tmp_path / "here" / "config"
    assert by_ini.kubernetes.kubeconfig == tmp_path / "ini" / "config"


MALFORMED = {
    "host": "nowhere",
    "auth": "magic",
    "insecure": "perhaps",
    "kubeconfig": "no-such-file",
    "namespace": "Not_A_Label",
    "image": "Not:A Name",
    "image_imports": "not a module",
    "image_mirror": "nothing",
    "registry": "https://registry.example",
    "job_image": "Not An Image",
    "job_schedule": "at night",
    "storage_class": "Not A Name",
    "s3_endpoint": "s3:9000",
    "require": "katip",
    "strict": "very",
    "allow_skip": "No Cause",
    "min_tests": "0",
    "keep": "sometimes",
    "load": "201",
    "load_timeout": "0",
    "schedule": "whenever",
    "slow": "perhaps",
    "recurring_period": "7s",
    "max_runs": "0",
    "session_timeout": "never",
    "timeout": "soon",
    "local_mode": "both",
    "local_fault": "NOT A NAME",
    "local_strict": "perhaps",
    "local_pod_network": "bridge",
    "local_trainer": "3.0",
    "local_training_operator": "perhaps",
}


@pytest.mark.parametrize("name", MALFORMED)
@pytest.mark.parametrize("source", SOURCES)
def test_malformed_values_name_option_origin_and_what_is_valid(
    name: str, source: str, tmp_path: Path
) -> None:
    option = next(option for option in OPTIONS if option.name == name)
    text = MALFORMED[name]
    target = tmp_path / "kubeflow-targets.toml"
    target.write_text(f"[targets.staging]\n{name} = '{text}'\n")
    command_line = {"command line": {name: text}, "target": {"target": "staging"}}
    with pytest.raises(ConfigurationError) as raised:
        resolved(
            command_line.get(source),
            {option.env: text} if source == "environment" else {},
            {name: text} if source == "ini" else {},
            folder=tmp_path,
        )
    message = raised.value.message
    origin = ORIGINS[source].replace("KF_CONTEXT", option.env).replace("kf_context", f"kf_{name}")
    assert message.startswith(f"{option.option}: {text!r} from {origin} is not valid")
    assert message.endswith(f"; valid: {option.parser.valid}")
    assert "\n" not in message


def test_header_tells_what_was_set_and_where() -> None:
    config = resolved(
        {"host": "https://kf.example.com"}, {"KF_TOKEN": "planted-1"}, {"timeout": "90s"}
    )
    (line,) = header_lines(config)
    assert line == (
        "kubeflow: host=https://kf.example.com (command line), "
        "token=*** (environment KF_TOKEN), timeout=90.0 (kf_timeout in pytest.ini)"
    )


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("12341234", []),
        ("minio", ["only where it stands as a value"]),
        ("abc", ["it is not masked in reports"]),
    ],
)
def test_header_tells_of_a_password_that_is_a_common_word(
    password: str, message: list[str]
) -> None:
    given = {"KF_PASSWORD": password, "KF_USERNAME": "me", "KF_S3_ACCESS_KEY": "minio"}
    _, *lines = header_lines(resolved({"host": "https://kf.example.com"}, given, {}))
    assert len(lines) == len(message)
    for line, words in zip(lines, message, strict=True):
        assert line.startswith("kubeflow: KF_PASSWORD is short or a common word: ")
        assert words in line
        assert password not in line.replace("a common word", "")


def test_a_login_at_a_registry_is_whole_or_none() -> None:
    with pytest.raises(ConfigurationError) as raised:
        resolved({"registry_username": "me"})
    assert raised.value.message == (
        "--kf-registry-username (from command line) needs KF_REGISTRY_PASSWORD too: both make a "
        "login"
    )
    with pytest.raises(ConfigurationError, match=r"^KF_REGISTRY_PASS.* needs --kf-registry-us"):
        resolved({}, {"KF_REGISTRY_PASSWORD": "planted-1"})


def test_configured_images_are_those_of_the_mirrors() -> None:
    config = resolved(
        {
            "image_mirror": ["docker.io=r.example/hub", "quay.io/a=r.example/b"],
            "notebook_image": "quay.io/a/jupyter:1",
            "gpu_image": "nvcr.io/nvidia/cuda:12",
            "image": ["me/tool:2"],
        }
    )
    assert config.kubernetes.base_image == "r.example/hub/library/python:3.11-slim"
    assert config.notebooks.image == "r.example/b/jupyter:1"
    assert config.gpu.image == "nvcr.io/nvidia/cuda:12"
    assert list(map(str, config.images.own)) == ["r.example/hub/me/tool:2"]
    assert config.serving.image is None
    assert not config.is_given("base_image")
