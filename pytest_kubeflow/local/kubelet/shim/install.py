"""What the pip shim cannot do in a few lines of sh: build environments, by `uv pip`.

    install.py KEY COMMAND ARGUMENTS...

KEY names the environment to build in the shared cache; it is empty when the result depends on
more than the arguments (a local directory, say), and the container then gets an environment of
its own. Runs in the container with the base interpreter, isolated and without site-packages.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

HOME = Path("/run/kubelet")
SESSION = HOME / "session"
CACHE = HOME / "cache"

INDEX_VARIABLES = {
    "PIP_INDEX_URL": "UV_INDEX_URL",
    "PIP_EXTRA_INDEX_URL": "UV_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_NO_INDEX": "UV_NO_INDEX",
    "PIP_CONSTRAINT": "UV_CONSTRAINT",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
}
# pip's flags that have no counterpart in uv or no meaning here: with a value, and without.
DROPPED_WITH_VALUE = {
    *("--root-user-action", "--progress-bar", "--timeout", "--default-timeout", "--retries"),
    *("--upgrade-strategy", "--cert", "--client-cert", "--proxy", "--log", "--exists-action"),
    *("--cache-dir", "--use-feature", "--src"),
}
DROPPED = {
    *("--no-warn-script-location", "--disable-pip-version-check", "--user", "--no-cache-dir"),
    *("--break-system-packages", "--no-input", "--prefer-binary", "--use-pep517", "--no-compile"),
    *("--isolated", "--no-color", "--no-warn-conflicts", "--no-python-version-warning"),
}
RENAMED = {
    "--trusted-host": ["--allow-insecure-host"],
    "--pre": ["--prerelease=allow"],
    "--force-reinstall": ["--reinstall"],
    "--ignore-installed": ["--reinstall"],
    "-I": ["--reinstall"],
    "-i": ["--index-url"],
    "--pypi-url": ["--index-url"],
}


def main() -> None:
    """Do what pip was asked to do."""
    key, *arguments = sys.argv[1:]
    command = arguments[0] if arguments else "--help"
    configure(arguments)
    writable = os.access(CACHE / "environments", os.W_OK)
    os.environ["UV_CACHE_DIR"] = str(CACHE / "uv" if writable else SESSION / "uv")
    os.environ["UV_PYTHON_DOWNLOADS"] = "never"
    if command == "install":
        install(key if writable else "", translate(arguments[1:]))
    elif command == "uninstall":
        environment = private_environment()
        words = [word for word in arguments[1:] if word not in {"-y", "--yes"}]
        finish(uv("uninstall", [*words, *python_of(environment)]))
    elif command in {"list", "freeze", "show", "check"}:
        finish(uv(command, [*translate(arguments[1:]), *python_of(SESSION / "env")]))
    elif command in {"--version", "-V"}:
        version = ".".join(map(str, sys.version_info[:2]))
        print(f"pip 25.0 from {HOME}/shim/face/pip (python {version})")  # noqa: T201
    else:
        fail(
            f"pip {command} is not offered by this node: its pip can install, uninstall, list, "
            "freeze, show and check"
        )


def configure(arguments: list[str]) -> None:
    """Index settings for uv: the command line's over the container's over the machine's."""
    for name, value in INDEX_VARIABLES.items():
        if given := os.environ.get(name):
            os.environ.setdefault(value, given)
    for name, value in json.loads((HOME / "index.json").read_text()).items():
        os.environ.setdefault(name, value)
    if any(word.partition("=")[0] in {"-i", "--index-url", "--pypi-url"} for word in arguments):
        os.environ.pop("UV_DEFAULT_INDEX", None)
    # pip takes the best version of all indexes; uv by default looks no further than the first.
    os.environ.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")


def translate(arguments: list[str]) -> list[str]:
    """Pip's arguments in uv's words."""
    translated = []
    words = iter(arguments)
    for word in words:
        name, has_value, value = word.partition("=")
        if name in DROPPED_WITH_VALUE and name.startswith("--"):
            if not has_value:
                next(words, None)
        elif word in DROPPED:
            continue
        elif name in RENAMED and name.startswith("--") and has_value:
            translated += [*RENAMED[name], value]
        elif word in RENAMED:
            translated += RENAMED[word]
        else:
            translated.append(word)
    return translated


def install(key: str, arguments: list[str]) -> None:
    """`pip install`: into the named environment, or one of this container alone."""
    if any(word.partition("=")[0] in {"-t", "--target", "--prefix"} for word in arguments):
        finish(fetch([*arguments, *python_of(SESSION / "env")]))
    if not key or is_own(Path(os.path.realpath(SESSION / "env"))):
        environment = private_environment()
        done = fetch([*arguments, *python_of(environment)])
        repair_scripts(environment)
        if done.returncode == 0 and not quiet(arguments):
            sys.stdout.write(summary(done.stderr))
        finish(done)
    environment = CACHE / "environments" / key
    with locked(environment.with_suffix(".lock")):
        if not (environment / "complete").exists():
            shutil.rmtree(environment, ignore_errors=True)
            copy_environment(environment)
            done = fetch([*arguments, *python_of(environment)])
            if done.returncode != 0:
                shutil.rmtree(environment, ignore_errors=True)
                finish(done)
            partial = environment / "complete.partial"
            partial.write_text("" if quiet(arguments) else summary(done.stderr))
            partial.rename(environment / "complete")
        # What is not used for long is removed when a cluster starts. It may be another user's.
        with contextlib.suppress(OSError):
            os.utime(environment)
    switch(environment)
    sys.stdout.write((environment / "complete").read_text())


def quiet(arguments: list[str]) -> bool:
    """Whether nothing is to be told."""
    return any(word in {"-q", "--quiet", "-qq", "-qqq"} for word in arguments)


def copy_environment(target: Path) -> None:
    """Start `target` as the current environment: hard links where possible."""
    source = Path(os.path.realpath(SESSION / "env"))
    shutil.copytree(
        source,
        target,
        symlinks=True,
        copy_function=link_or_copy,
        ignore=lambda folder, _: {"complete"} if Path(folder) == source else set(),
    )
    # Scripts name the interpreter of the environment that they were installed in.
    for script in (target / "bin").iterdir():
        if script.is_symlink() or not script.is_file():
            continue
        text = script.read_bytes()
        if text.startswith(b"#!" + bytes(source)):
            script.unlink()
            script.write_bytes(text.replace(bytes(source), bytes(target), 1))
            script.chmod(0o755)


def link_or_copy(source: str, target: str) -> None:
    """Copy a file of an environment, sharing its content where that is safe."""
    # Byte code is written in place by some tools, so it is never shared.
    if not source.endswith(".pyc"):
        try:
            os.link(source, target)
        except OSError:
            pass
        else:
            return
    shutil.copy2(source, target)


def repair_scripts(environment: Path) -> None:
    """Uv makes no `pip` script, but a package may: ours stays in front."""
    for name in ("pip", "pip3"):
        script = environment / "bin" / name
        if not script.is_symlink():
            script.unlink(missing_ok=True)
            script.symlink_to(HOME / "shim/pip")


def private_environment() -> Path:
    """An environment of this container alone: the current one, or one that is made from it."""
    if is_own(current := Path(os.path.realpath(SESSION / "env"))):
        return current
    environment = SESSION / "private"
    if not environment.exists():
        copy_environment(environment)
    switch(environment)
    return environment


def is_own(environment: Path) -> bool:
    """Whether it is the container's own and can be written to, as those of images are."""
    return not environment.is_relative_to(CACHE) and os.access(environment, os.W_OK)


def switch(environment: Path) -> None:
    """Let `python3` and `pip` mean `environment` from now on."""
    link = SESSION / f"env.{os.getpid()}"
    link.symlink_to(environment)
    link.replace(SESSION / "env")
    (SESSION / "current").write_text(f"{environment.name}\n")


def fetch(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """`uv pip install`: from its cache, else from what the host has installed, else by network."""
    wheels = Path(os.environ["UV_CACHE_DIR"]).parent / "wheels"
    local = ["--offline", *(["--find-links", str(wheels)] if wheels.exists() else [])]
    done = uv("install", [*local, *arguments])
    if done.returncode == 0:
        return done
    pack = runpy.run_path(str(HOME / "shim/wheels.py"))["pack"]
    if pack(requirements(arguments), HOME / "installed", wheels):
        done = uv("install", ["--offline", "--find-links", str(wheels), *arguments])
        if done.returncode == 0:
            return done
    return uv("install", arguments)


def requirements(arguments: list[str]) -> list[str]:
    """The arguments and, for each requirements file among them, its lines."""
    lines = list(arguments)
    for before, word in zip(["", *arguments], arguments, strict=False):
        file = word.removeprefix("--requirement=").removeprefix("-r")
        if before in {"-r", "--requirement"} or (file and file != word):
            with contextlib.suppress(OSError):
                lines += Path(file).read_text().splitlines()
    return lines


def uv(command: str, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run one of uv's pip commands."""
    return subprocess.run(
        [str(HOME / "uv"), "pip", command, "--no-progress", "--color", "never", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def python_of(environment: Path) -> list[str]:
    """The option by which uv knows an environment."""
    return ["--python", str(environment / "bin/python3")]


def summary(text: str) -> str:
    """What pip says at the end, from uv's lines ` + name==version`."""
    installed = [line[3:].replace("==", "-") for line in text.splitlines() if line[:3] == " + "]
    if not installed:
        return "Requirement already satisfied\n"
    return f"Successfully installed {' '.join(installed)}\n"


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, against the other containers of this machine too."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def finish(done: subprocess.CompletedProcess[str]) -> NoReturn:
    """End as pip ends: its exit code is 1 for any failure, with the reason on stderr."""
    sys.stdout.write(done.stdout)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if not line.startswith("Using Python")]
        fail("\n".join(lines).strip().removeprefix("error: "))
    sys.exit(0)


def fail(message: str) -> NoReturn:
    """End as pip does when it cannot do what was asked."""
    sys.stderr.write(f"ERROR: {message}\n")
    sys.exit(1)


if __name__ == "__main__":
    main()
