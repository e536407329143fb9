"""Settings that have to agree with each other: which of two counts, and which pairs are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pytest_kubeflow.config.imagemirror import ImageMirrors
from pytest_kubeflow.config.imagereference import ImageReference
from pytest_kubeflow.config.keyvalue import excess
from pytest_kubeflow.config.parsers import LOCAL
from pytest_kubeflow.config.setting import DEFAULT, ENVIRONMENT, Setting
from pytest_kubeflow.errors import ConfigurationError

_IMAGES = ("base_image", "gpu_image", "sklearn_image", "notebook_image", "job_image")
_USER = "--kf-registry-username"
_FILES = ("report", "json", "ctrf", "prometheus", "github_summary", "bundle", "conformance_bundle")
"""What is written into a file (a bundle perhaps into a directory)."""

_UNTIL_UPGRADED = 14 * 24 * 3600.0
"""Seconds for which what was left before an upgrade stays."""


def reconcile(settings: dict[str, Setting]) -> None:
    """Leave one of each two that exclude each other. Raises ConfigurationError for what cannot be.

    `settings` are by option name; some may be missing.
    """
    _one_of(settings, "token", "token_file")
    _one_of(settings, "password", "password_file")
    _verified_or_not(settings)
    _require_local(settings)
    _one_kubernetes(settings)
    _within(settings, "pod_requests", "pod_limits")
    _apart(settings, _FILES)
    _need_history(settings)
    _one_login(settings)
    _mirrored(settings)
    _offline(settings)
    _upgraded(settings)
    _conformant(settings)


def _one_of(settings: dict[str, Setting], direct: str, file: str) -> None:
    """Of a secret and a file with it, the one from the more important source counts."""
    one, other = settings.get(direct), settings.get(file)
    if one and other and one.value is not None and other.value is not None:
        settings[file if one.rank >= other.rank else direct] = Setting(None, "default")


def _verified_or_not(settings: dict[str, Setting]) -> None:
    """A certificate is verified with an authority, or it is not: the heavier of the two counts."""
    authority, insecure = settings.get("ca_cert"), settings.get("insecure")
    if not authority or not insecure or authority.value is None or not insecure.value:
        return
    if authority.weight == insecure.weight:
        raise ConfigurationError(
            f"--kf-insecure (from {insecure.origin}) and --kf-ca-cert={authority.value} (from "
            f"{authority.origin}) exclude each other: with --kf-ca-cert the gateway's certificate "
            "is verified, with --kf-insecure it is not; leave one out"
        )
    if authority.weight > insecure.weight:
        settings["insecure"] = Setting(False, "default")


def _require_local(settings: Mapping[str, Setting]) -> None:
    """A fault is for the embedded Kubeflow: with any other it would be looked for in vain.

    So is its strictness: every other is as strict as it is.
    """
    host = settings.get("host")
    if host is None or host.value == LOCAL:
        return
    found = f"--kf-host={host.value} (from {host.origin})" if host.value else "no --kf-host"
    for name, why in (
        ("local_fault", "faults are those of the embedded Kubeflow"),
        ("local_strict", "every other Kubeflow is as strict as it is"),
    ):
        setting = settings.get(name)
        if setting is None or not setting.value or setting.rank < ENVIRONMENT:
            continue
        value = setting.value
        names = f"={','.join(map(str, value))}" if isinstance(value, tuple) else ""
        raise ConfigurationError(
            f"--kf-{name.replace('_', '-')}{names} (from {setting.origin}) needs "
            f"--kf-host={LOCAL}, and there is {found}: {why}"
        )


def _one_kubernetes(settings: Mapping[str, Setting]) -> None:
    """The embedded Kubeflow brings a Kubernetes; who names another one may mean either.

    What weighs less than the host is of a target or an ini file that is not meant here.
    """
    host = settings.get("host")
    if host is None or host.value != LOCAL:
        return
    for name in ("kubeconfig", "context"):
        other = settings.get(name)
        if other is None or other.value is None or other.rank == DEFAULT:
            continue
        if other.weight >= host.weight:
            raise ConfigurationError(
                f"--kf-{name}={other.value} (from {other.origin}): --kf-host={LOCAL} (from "
                f"{host.origin}) has a Kubernetes of its own and takes no other; leave one of them "
                "out, or let `python -m pytest_kubeflow.local --kubeconfig FILE` join that "
                "Kubernetes and name the host that it prints"
            )


def _within(settings: Mapping[str, Setting], requests: str, limits: str) -> None:
    one, other = settings.get(requests), settings.get(limits)
    if not one or not other or not isinstance(one.value, tuple):
        return
    if isinstance(other.value, tuple) and (found := excess(one.value, other.value)):
        raise ConfigurationError(
            f"--kf-{requests.replace('_', '-')} from {one.origin} and "
            f"--kf-{limits.replace('_', '-')} from {other.origin}: {found}; Kubernetes takes no "
            "request above its limit"
        )


def _apart(settings: Mapping[str, Setting], names: tuple[str, ...]) -> None:
    """Of two reports in one file the second would replace the first."""
    seen: dict[Path, str] = {}
    for name in names:
        setting = settings.get(name)
        if setting is None or not isinstance(setting.value, Path):
            continue
        option = f"--kf-{name.replace('_', '-')} (from {setting.origin})"
        path = setting.value.resolve()
        other = seen.setdefault(path, option)
        # What is no file, such as /dev/stdout, takes one after the other.
        if other is not option and (path.is_file() or not path.exists()):
            raise ConfigurationError(
                f"{other} and {option} name one file, {path}: give each a file of its own"
            )


def _one_login(settings: Mapping[str, Setting]) -> None:
    """A user of a registry has a password, and a password is somebody's."""
    user, password = settings.get("registry_username"), settings.get("registry_password")
    if user is None or password is None or (user.value is None) == (password.value is None):
        return
    given, other = (user, "KF_REGISTRY_PASSWORD") if user.value else (password, _USER)
    name = _USER if user.value else "KF_REGISTRY_PASSWORD"
    raise ConfigurationError(f"{name} (from {given.origin}) needs {other} too: both make a login")


def _mirrored(settings: dict[str, Setting]) -> None:
    """Let images that are configured be those of the mirrors, each of which has to be of use."""
    given = settings.get("image_mirror")
    mirrors = ImageMirrors(given.value if given and isinstance(given.value, tuple) else ())
    if given and (found := mirrors.never_applied()):
        one, other = found
        raise ConfigurationError(
            f"--kf-image-mirror={one} (from {given.origin}) is never applied: "
            + (
                f"both are {one.old}"
                if one is other
                else f"{other} leads to {other.new}, from where no image is taken any further; "
                "name the last place in one step"
            )
        )
    for name in _IMAGES:
        setting = settings.get(name)
        if setting is not None and isinstance(setting.value, str):
            settings[name] = replace(setting, value=mirrors.of(setting.value))
    own = settings.get("image")
    if own is not None and isinstance(own.value, tuple):
        images = tuple(ImageReference.parse(mirrors.of(str(one))) for one in own.value)
        settings["image"] = replace(own, value=images)


def _conformant(settings: dict[str, Setting]) -> None:
    """Conformance is all tests of a list passed: nothing is left out, allowed or known to fail."""
    release, product = settings.get("conformance"), settings.get("conformance_product")
    if release is None or release.value is None:
        return
    message = f"--kf-conformance={release.value} (from {release.origin})"
    if product is None or product.value is None:
        raise ConfigurationError(
            f"{message} needs --kf-conformance-product=FILE, which says whose platform it is: YAML "
            "with vendor, name, version, website_url, documentation_url, type, description"
        )
    for name in ("known", "allow_skip"):
        if (other := settings.get(name)) is not None and other.value:
            raise ConfigurationError(
                f"--kf-{name.replace('_', '-')} (from {other.origin}) and {message} exclude each "
                "other: all tests of its list have to pass"
            )
    for name in ("slow", "strict"):
        settings[name] = Setting(True, f"--kf-conformance={release.value}", release.rank)


def _need_history(settings: Mapping[str, Setting]) -> None:
    """What is usual is known from earlier sessions alone."""
    factor, history = settings.get("slower_than"), settings.get("history")
    if factor is None or factor.value is None or (history and history.value is not None):
        return
    raise ConfigurationError(
        f"--kf-slower-than={factor.value} (from {factor.origin}) needs --kf-history=DIR, and there "
        "is none: what a test usually takes is known from earlier sessions"
    )


def _offline(settings: Mapping[str, Setting]) -> None:
    """Who installs nothing needs an image that has all."""
    offline, base = settings.get("offline"), settings.get("base_image")
    if offline is None or not offline.value or base is None or base.rank > DEFAULT:
        return
    raise ConfigurationError(
        f"--kf-offline (from {offline.origin}) needs --kf-base-image=IMAGE with kfp in it: "
        f"{base.value}, which is taken without it, has none"
    )


def _upgraded(settings: dict[str, Setting]) -> None:
    """What is left before an upgrade stays until after it, on a cluster that is still there."""
    upgrade, host = settings.get("upgrade"), settings.get("host")
    if upgrade is None or upgrade.value is None:
        return
    option = f"--kf-upgrade={upgrade.value} (from {upgrade.origin})"
    if host is not None and host.value == LOCAL:
        raise ConfigurationError(
            f"{option} needs a cluster that stays, and --kf-host={LOCAL} (from {host.origin}) ends "
            "with the session: start `python -m pytest_kubeflow.local` and name the host that it "
            "prints"
        )
    if upgrade.value != "before":
        return
    for name, value in (("keep", "always"), ("keep_for", _UNTIL_UPGRADED)):
        setting = settings.get(name)
        if setting is not None and setting.rank == DEFAULT:
            settings[name] = Setting(value, option)
    keep = settings.get("keep")
    if keep is not None and keep.value != "always":
        raise ConfigurationError(
            f"--kf-keep={keep.value} (from {keep.origin}) removes what {option} is to leave: give "
            "one of them"
        )
