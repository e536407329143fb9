"""ControlPlane: a real etcd, kube-apiserver, kube-controller-manager and kube-scheduler."""

from __future__ import annotations

import ctypes
import random
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.real.authority import Authority

_MASTERS = "system:masters"
_READY_SECONDS = 180.0
_STOP_SECONDS = 20.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class ControlPlaneError(Exception):
    """A part ended or was not ready in time; the message has the end of its log."""


class ControlPlane:
    """Runs the programs in `programs` on a loopback address of its own, below `directory`.

    All of them end with `stop`, and by the kernel if this process is killed. Cluster IPs come from
    a network of 198.19.0.0/16 (RFC 2544: for tests), so that several control planes and the
    networks of this machine do not meet.
    """

    def __init__(
        self, programs: Path, directory: Path, *, api_arguments: Sequence[str] = ()
    ) -> None:
        self._programs = programs
        self._directory = directory
        self._api_arguments = list(api_arguments)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        # Not a secret: any address that nobody listens on.
        first, second, third = random.sample(range(1, 255), 3)
        self._address = f"127.{first}.{second}.{third}"
        self.service_cidr = f"198.19.{first}.0/24"
        ports = _free_ports(self._address, 5)
        self._etcd, self._peer, self._api, self._kcm, self._scheduler = ports
        self.url = f"https://{self._address}:{self._api}"
        self.authority = Authority(directory / "pki", self._address)
        self.admin = self.authority.kubeconfig("kubernetes-admin", [_MASTERS], server=self.url)

    def kubeconfig(
        self, user: str, groups: Sequence[str] = (), *, namespace: str = "default"
    ) -> Path:
        """The kubeconfig of a user with these groups."""
        return self.authority.kubeconfig(user, groups, server=self.url, namespace=namespace)

    def start(self) -> None:
        self.start_etcd()
        self.start_api()
        self._start_controllers()

    def start_api(self) -> None:
        """Start the API server; returns when it is ready. For tests: also after `stop_api`."""
        authority = self.authority
        service_ip = self.service_cidr.removesuffix("0/24") + "1"
        server = authority.issue("kube-apiserver", addresses=[self._address, service_ip])
        kubelet_client = authority.issue("kube-apiserver-kubelet-client", [_MASTERS])
        arguments = {
            "etcd-servers": f"http://{self._address}:{self._etcd}",
            "bind-address": self._address,
            "advertise-address": self._address,
            # There is nothing but loopback that the Service `kubernetes` could lead to.
            "endpoint-reconciler-type": "none",
            "secure-port": self._api,
            "authorization-mode": "Node,RBAC",
            "enable-admission-plugins": "NodeRestriction",
            "allow-privileged": "true",
            "service-cluster-ip-range": self.service_cidr,
            "client-ca-file": authority.ca,
            "tls-cert-file": server[0],
            "tls-private-key-file": server[1],
            "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
            "service-account-key-file": authority.accounts_key,
            "service-account-signing-key-file": authority.accounts_key,
            "kubelet-certificate-authority": authority.ca,
            "kubelet-client-certificate": kubelet_client[0],
            "kubelet-client-key": kubelet_client[1],
            "kubelet-preferred-address-types": "InternalIP,Hostname",
        }
        self._start("kube-apiserver", arguments, self._api_arguments)
        self._wait("kube-apiserver", self._api_ready)

    def stop_api(self, number: int = signal.SIGTERM) -> None:
        self._end("kube-apiserver", number)

    def stop(self) -> None:
        for name in reversed(list(self._processes)):
            self._end(name, signal.SIGKILL)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start_etcd(self) -> int:
        """Start the store alone; returns its process id."""
        client, peer = (f"http://{self._address}:{port}" for port in (self._etcd, self._peer))
        arguments = {
            "name": "one",
            "data-dir": self._directory / "etcd",
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"one={peer}",
            "log-level": "warn",
        }
        # Nothing here outlives a crash of the machine.
        self._start("etcd", arguments, ["--unsafe-no-fsync"])

        def ready() -> bool:
            with urllib.request.urlopen(f"{client}/readyz", timeout=5) as response:  # noqa: S310
                return bool(response.status == 200)

        self._wait("etcd", ready)
        return self._processes["etcd"].pid

    def _start_controllers(self) -> None:
        authority = self.authority
        self._start(
            "kube-controller-manager",
            {
                **self._common("kube-controller-manager", self._kcm),
                "use-service-account-credentials": "true",
                "service-account-private-key-file": authority.accounts_key,
                "root-ca-file": authority.ca,
                "cluster-signing-cert-file": authority.ca,
                "cluster-signing-key-file": authority.ca_key,
            },
        )
        self._start("kube-scheduler", self._common("kube-scheduler", self._scheduler))

        def ready() -> bool:
            # Made by one of the controllers.
            return self._get("/api/v1/namespaces/default/serviceaccounts/default") == 200

        self._wait("kube-controller-manager", ready)

    def _common(self, name: str, port: int) -> dict[str, object]:
        kubeconfig = self.kubeconfig(f"system:{name}")
        certificate, key = self.authority.issue(f"{name}-serving", addresses=[self._address])
        return {
            "kubeconfig": kubeconfig,
            "authentication-kubeconfig": kubeconfig,
            "authorization-kubeconfig": kubeconfig,
            "bind-address": self._address,
            "secure-port": port,
            "leader-elect": "false",
            "tls-cert-file": certificate,
            "tls-private-key-file": key,
        }

    def _start(self, name: str, arguments: dict[str, object], more: Sequence[str] = ()) -> None:
        given = [f"--{key}={value}" for key, value in arguments.items()]
        with open(self._log(name), "ab") as log:
            self._processes[name] = subprocess.Popen(
                [self._programs / name, *given, *more],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._directory,
                # Ctrl-C is for the test session, which then stops the parts in their order.
                process_group=0,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 (one system call)
            )

    def _end(self, name: str, number: int) -> None:
        process = self._processes.pop(name, None)
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            try:
                if ready():
                    return
            except (OSError, urllib.error.URLError):
                pass
            process = self._processes[name]
            if process.poll() is not None:
                raise ControlPlaneError(f"{name} ended: {self._tail(name)}")
            if time.monotonic() > deadline:
                raise ControlPlaneError(f"{name} is not ready: {self._tail(name)}")
            time.sleep(0.1)

    def _api_ready(self) -> bool:
        return self._get("/readyz") == 200

    def _get(self, path: str) -> int:
        context = ssl.create_default_context(cafile=str(self.authority.ca))
        context.load_cert_chain(self.admin.with_suffix(".crt"), self.admin.with_suffix(".key"))
        try:
            with urllib.request.urlopen(  # noqa: S310
                f"{self.url}{path}", timeout=5, context=context
            ) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code

    def _log(self, name: str) -> Path:
        return self._directory / f"{name}.log"

    def _tail(self, name: str) -> str:
        return self._log(name).read_text(errors="replace")[-2000:]


def _die_with_parent() -> None:
    """In the child: SIGKILL when the thread that started it ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _free_ports(address: str, count: int) -> list[int]:
    """Ports of this address that nobody listens on; on an address of ours they stay so."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((address, 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
