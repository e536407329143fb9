"""`kf-run submit|list|status|logs|retrieve|delete`: sessions inside the cluster, from a laptop.

The exit codes are those of docs/reference/exit-codes.md.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_kubeflow.config.parsers import parse_duration
from pytest_kubeflow.config.table import OPTIONS
from pytest_kubeflow.errors import ConfigurationError, KubeflowError
from pytest_kubeflow.incluster.detached import PREFIX, DetachedRun, DetachedRuns
from pytest_kubeflow.incluster.following import follow
from pytest_kubeflow.incluster.retrieval import read_reports, write
from pytest_kubeflow.incluster.state import describe, exit_code
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.sessions.ownership import Ownership, age
from pytest_kubeflow.waiting import Deadline, wait_until

_KEPT = 7 * 24 * 3600.0
_FAILED, _USAGE, _INTERRUPTED = 1, 4, 2
_REMOVAL_SECONDS = 420.0
"""More than the grace period of a session's pod."""

_WEEK = 7 * 24 * 3600.0


def main(arguments: Sequence[str] | None = None) -> int:
    """The program; its exit code."""
    parser = _parser()
    given, others = parser.parse_known_args(arguments)
    if others and given.run_command is not _submit:
        parser.error(f"unrecognized arguments: {' '.join(others)}")
    try:
        with _runs(given) as runs:
            code: int = given.run_command(given, runs, others)
            return code
    except ConfigurationError as error:
        sys.stderr.write(f"kf-run: {error.message}\n")
        return _USAGE
    except KubeflowError as error:
        sys.stderr.write(f"kf-run: {error.message}\n")
        return _FAILED
    except OSError as error:
        sys.stderr.write(f"kf-run: {error}\n")
        return _FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kf-run", description="Sessions of pytest-kubeflow that run inside the cluster."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[..., int], description: str, *, of_one: bool = True
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(
            name, help=description, description=description, allow_abbrev=False
        )
        made.set_defaults(run_command=run)
        made.add_argument("-n", "--namespace", help="default: KF_NAMESPACE, or the context's")
        made.add_argument("--kubeconfig", type=Path, help="default: KF_KUBECONFIG, or kubectl's")
        made.add_argument("--context", help="default: KF_CONTEXT, or the kubeconfig's own")
        if of_one:
            made.add_argument("run", metavar="RUN", help="its name or id, as submit prints it")
        return made

    submit = command(
        "submit",
        _submit,
        "Start a session in the cluster and return. Other options are those of pytest "
        "--kf-manifests=job: --kf-job-image=IMAGE, --kf-host=URL, --kf-suites=NAMES...",
        of_one=False,
    )
    submit.add_argument(
        "--account", help="an existing account with the rights that --kf-manifests=rbac prints"
    )
    submit.add_argument("--keep-for", default="168h", metavar="DURATION", help="default: 168h")
    submit.add_argument(
        "--alongside", action="store_true", help="start even if another session is running"
    )
    command("list", _list, "List the sessions of a namespace.", of_one=False)
    status = command("status", _status, "Print in one line whether it is running, or how it ended.")
    status.add_argument(
        "--wait", action="store_true", help="wait until it ends, and exit with its exit code"
    )
    logs = command("logs", _logs, "Print the output of the session.")
    logs.add_argument(
        "-f", "--follow", action="store_true", help="follow it until the session ends"
    )
    retrieve = command("retrieve", _retrieve, "Write its reports to files.")
    retrieve.add_argument(
        "--to", type=Path, metavar="PATH", help="a folder, or a file.tar.gz; default: ./RUN"
    )
    retrieve.add_argument(
        "--helper-image",
        metavar="IMAGE",
        help="the image of the pod that reads the volume; with python3 (default: the run's)",
    )
    command(
        "delete",
        _delete,
        "End the session if it is running, and remove all objects that submit created.",
    )
    return parser


@contextlib.contextmanager
def _runs(given: argparse.Namespace) -> Iterator[DetachedRuns]:
    kubeconfig = given.kubeconfig or os.environ.get("KF_KUBECONFIG")
    context = given.context or os.environ.get("KF_CONTEXT")
    kubernetes = KubernetesClient(Path(kubeconfig) if kubeconfig else None, context)
    namespace = given.namespace or os.environ.get("KF_NAMESPACE") or kubernetes.context_namespace
    if not namespace:
        raise ConfigurationError("no namespace was named: give --namespace or KF_NAMESPACE")
    try:
        yield DetachedRuns(kubernetes, namespace)
    finally:
        kubernetes.close()


def _submit(given: argparse.Namespace, runs: DetachedRuns, others: Sequence[str]) -> int:
    try:
        lifetime = parse_duration(given.keep_for)
    except ValueError:
        raise ConfigurationError(f"--keep-for={given.keep_for}: at most 168h, as 12h") from None
    if (running := runs.running()) and not given.alongside:
        names = ", ".join(f"{one.metadata.namespace}/{one.metadata.name}" for one in running)
        raise KubeflowError(
            f"another session runs on this cluster: Job {names}; two at once slow each other down "
            "and may use the same names: wait for it, or give --alongside"
        )
    run_id = uuid.uuid4().hex[:10]
    name = f"{PREFIX}{run_id}"
    documents = _manifests(name, runs.namespace, others)
    ownership = _ownership(run_id, lifetime)
    secrets = {
        row.env: os.environ[row.env] for row in OPTIONS if row.secret and os.environ.get(row.env)
    }
    wanted = _secret_of(documents)
    runs.submit(
        documents,
        ownership,
        account=given.account,
        secrets=secrets if wanted == f"{name}-login" else {},
        secret_name=wanted,
    )
    sys.stdout.write(f"{name}\n")
    sys.stderr.write(
        f"submitted to namespace {runs.namespace}; kf-run status {name}, kf-run logs -f {name}, "
        f"kf-run retrieve {name}\n"
    )
    return 0


def _manifests(name: str, namespace: str, arguments: Sequence[str]) -> list[dict[str, Any]]:
    import yaml

    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--kf-manifests=job"),
            *(f"--kf-namespace={namespace}", f"--kf-job-name={name}"),
            *(one for one in arguments if one != "--"),
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ConfigurationError("nothing was submitted: pytest --kf-manifests=job says why")
    return list(yaml.safe_load_all(done.stdout))


def _secret_of(documents: Sequence[Mapping[str, Any]]) -> str:
    """The Secret that the container's variables come from; empty if none does."""
    for one in documents:
        if one["kind"] == "Job":
            (container,) = one["spec"]["template"]["spec"]["containers"]
            for variable in container["env"]:
                reference = variable.get("valueFrom", {}).get("secretKeyRef")
                if reference is not None:
                    return str(reference["name"])
    return ""


def _ownership(run_id: str, lifetime: float) -> Ownership:
    import time

    return Ownership(_owner(), run_id=run_id, expires=int(time.time() + lifetime))


def _owner() -> str:
    return f"{getpass.getuser()}-at-{socket.gethostname()}"


def _list(_given: argparse.Namespace, runs: DetachedRuns, _others: Sequence[str]) -> int:
    for run in runs.listed():
        sys.stdout.write(f"{describe(run, runs.kubernetes, runs.namespace)}\n")
    return 0


def _status(given: argparse.Namespace, runs: DetachedRuns, _others: Sequence[str]) -> int:
    run = runs.find(given.run)
    if given.wait and not run.is_over:
        run = _ended(runs, run)
    sys.stdout.write(f"{describe(run, runs.kubernetes, runs.namespace)}\n")
    if not given.wait:
        return 0
    code = exit_code(run)
    return _FAILED if code is None else code


def _ended(runs: DetachedRuns, run: DetachedRun) -> DetachedRun:
    return wait_until(
        lambda: runs.find(run.name),
        lambda found: found.is_over,
        deadline=Deadline.after(_WEEK),
        what=f"{run.name} to end",
        describe=lambda found: describe(found, runs.kubernetes, runs.namespace),
    )


def _logs(given: argparse.Namespace, runs: DetachedRuns, _others: Sequence[str]) -> int:
    run = runs.find(given.run)
    for data in follow(runs, run, until_end=given.follow):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    return 0


def _retrieve(given: argparse.Namespace, runs: DetachedRuns, _others: Sequence[str]) -> int:
    run = runs.find(given.run)
    if not run.is_over:
        raise KubeflowError(
            f"{describe(run, runs.kubernetes, runs.namespace)}; its reports are written at its "
            f"end: kf-run status --wait {run.name}"
        )
    target = given.to or Path(run.name)
    files = read_reports(
        run, runs.kubernetes, runs.namespace, owner=_owner(), image=given.helper_image
    )
    write(files, target)
    total = sum(map(len, files.values()))
    sys.stdout.write(f"{target}: {', '.join(sorted(files))} ({total} bytes)\n")
    return 0


def _delete(given: argparse.Namespace, runs: DetachedRuns, _others: Sequence[str]) -> int:
    run = runs.find(given.run)
    if run.condition is None:
        begun = run.job.metadata.creation_timestamp.timestamp()
        import time

        sys.stderr.write(f"{run.name} runs since {age(time.time() - begun)}: it is ended first\n")
    for one in runs.delete(run, deadline=Deadline.after(_REMOVAL_SECONDS)):
        sys.stdout.write(f"removed {one}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
