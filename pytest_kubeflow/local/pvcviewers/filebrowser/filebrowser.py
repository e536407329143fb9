"""A program that runs inside pods: File Browser's calls on the files of its working directory.

Calls: filebrowser/filebrowser v2.32, http/ (login, resources, raw). Without FB_NOAUTH nobody gets a
token, as nobody has an account here. Needs the standard library alone.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import hashlib
import hmac
import json
import os
import secrets
import shutil
import signal
import sys
import time
import urllib.parse
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_TOKEN_SECONDS = 7200
_KEY = secrets.token_bytes(64)


def main() -> None:
    """Serve until SIGTERM, which the first process of a pod has to ask for."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    address = os.environ.get("FB_ADDRESS", "127.0.0.1")
    # Where pods share the machine's addresses, all of them would be more than the pod's own.
    host = os.environ["KF_LISTEN_ADDRESS"] if address == "0.0.0.0" else address  # noqa: S104
    port = int(os.environ.get("FB_PORT", "8080"))
    server = ThreadingHTTPServer((host, port), Handler)
    print(f"Listening on {host}:{server.server_port}", file=sys.stderr, flush=True)  # noqa: T201
    server.serve_forever()


def token() -> str:
    """What proves a login: a JWT."""
    now = int(time.time())
    user = {"id": 1, "locale": "en", "viewMode": "list"}
    claims = {"user": user, "iss": "File Browser", "iat": now, "exp": now + _TOKEN_SECONDS}
    parts = [_encoded(json.dumps(one).encode()) for one in ({"alg": "HS256", "typ": "JWT"}, claims)]
    return ".".join([*parts, _signature(".".join(parts))])


def is_good(text: str) -> bool:
    """Whether a token is one of ours, and not too old."""
    signed, _, signature = text.rpartition(".")
    if not hmac.compare_digest(signature, _signature(signed)):
        return False
    claims = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
    return bool(claims["exp"] > time.time())


def _signature(text: str) -> str:
    return _encoded(hmac.digest(_KEY, text.encode(), hashlib.sha256))


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class Handler(BaseHTTPRequestHandler):
    """One request; the paths may have the base URL before them, or not."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self._path()
        if path == "/health":
            self._json({"status": "OK"})
        elif path.startswith("/api/resources"):
            self._with_file(path.removeprefix("/api/resources"), self._show)
        elif path.startswith("/api/raw"):
            self._with_file(path.removeprefix("/api/raw"), self._raw)
        elif path.startswith("/api/"):
            self._plain(HTTPStatus.NOT_FOUND)
        else:
            page = b"<!DOCTYPE html><title>File Browser</title>"
            self._send(HTTPStatus.OK, page, "text/html; charset=utf-8")

    def do_POST(self) -> None:
        if self._path() == "/api/login":
            self._body()
            if os.environ.get("FB_NOAUTH") == "true":
                self._send(HTTPStatus.OK, token().encode(), "text/plain")
            else:
                self._plain(HTTPStatus.FORBIDDEN)
            return
        self._write(create=True)

    def do_PUT(self) -> None:
        self._write(create=False)

    def do_DELETE(self) -> None:
        self._with_file(self._path().removeprefix("/api/resources"), self._delete)

    def _path(self) -> str:
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        base = os.environ.get("FB_BASEURL", "").rstrip("/")
        return path.removeprefix(base) if base and path.startswith(f"{base}/") else path

    def _query(self, name: str) -> str:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        return query.get(name, [""])[0]

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _is_in(self) -> bool:
        text = self.headers.get("X-Auth") or self._query("auth")
        if text.count(".") == 2 and is_good(text):
            return True
        self._plain(HTTPStatus.UNAUTHORIZED)
        return False

    def _file(self, path: str) -> Path | None:
        """The file that is meant; None, and an answer, where it is outside."""
        root = Path.cwd().resolve()
        file = (root / path.lstrip("/")).resolve()
        if file != root and root not in file.parents:
            self._plain(HTTPStatus.FORBIDDEN)
            return None
        return file

    def _with_file(self, path: str, work: Any) -> None:
        if not self._is_in():
            return
        with self._failing():
            if (file := self._file(path)) is None:
                return
            if not file.exists():
                self._plain(HTTPStatus.NOT_FOUND)
                return
            work(file)

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """What the file system refuses is answered, as the real one's errToStatus has it."""
        try:
            yield
        except PermissionError:
            self._plain(HTTPStatus.FORBIDDEN)
        except FileNotFoundError:
            self._plain(HTTPStatus.NOT_FOUND)
        except FileExistsError:
            self._plain(HTTPStatus.CONFLICT)
        except (OSError, ValueError):  # a name that is too long, or with a zero byte in it
            self._plain(HTTPStatus.INTERNAL_SERVER_ERROR)

    def _show(self, file: Path) -> None:
        found = _described(file)
        if file.is_dir():
            items = [_described(one) for one in sorted(file.iterdir())]
            folders = sum(one["isDir"] for one in items)
            found |= {"items": items, "numDirs": folders, "numFiles": len(items) - folders}
            found["sorting"] = {"by": "name", "asc": False}
        elif found["type"] == "text":
            found["content"] = file.read_text(errors="replace")
        self._json(found)

    def _raw(self, file: Path) -> None:
        if file.is_dir():
            self._plain(HTTPStatus.NOT_IMPLEMENTED)
            return
        self._send(HTTPStatus.OK, file.read_bytes(), "application/octet-stream")

    def _delete(self, file: Path) -> None:
        if file == Path.cwd().resolve():
            self._plain(HTTPStatus.FORBIDDEN)
            return
        shutil.rmtree(file) if file.is_dir() else file.unlink()
        self._plain(HTTPStatus.OK)

    def _write(self, *, create: bool) -> None:
        content, path = self._body(), self._path()
        if not path.startswith("/api/resources/"):
            self._plain(HTTPStatus.NOT_FOUND)
            return
        if not self._is_in():
            return
        with self._failing():
            if (file := self._file(path.removeprefix("/api/resources"))) is not None:
                self._store(file, content, create=create, directory=path.endswith("/"))

    def _store(self, file: Path, content: bytes, *, create: bool, directory: bool) -> None:
        if directory:
            if create:
                file.mkdir(parents=True, exist_ok=True)
            self._plain(HTTPStatus.OK if create else HTTPStatus.METHOD_NOT_ALLOWED)
        elif create and file.exists() and self._query("override") != "true":
            self._plain(HTTPStatus.CONFLICT)
        elif not create and not file.exists():
            self._plain(HTTPStatus.NOT_FOUND)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            self._plain(HTTPStatus.OK)

    def _json(self, value: Any) -> None:
        self._send(HTTPStatus.OK, json.dumps(value).encode(), "application/json; charset=utf-8")

    def _plain(self, status: HTTPStatus) -> None:
        text = f"{status.value} {status.phrase}\n".encode()
        self._send(status, text, "text/plain; charset=utf-8")

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, template: str, *values: Any) -> None:
        """One line a request."""
        print(template % values, file=sys.stderr, flush=True)  # noqa: T201


def _described(file: Path) -> dict[str, Any]:
    state, root = file.stat(), Path.cwd().resolve()
    path = "/" if file == root else f"/{file.relative_to(root)}"
    modified = datetime.datetime.fromtimestamp(state.st_mtime, datetime.UTC)
    texts = {"", ".csv", ".txt", ".json", ".md", ".py", ".yaml"}
    is_text = file.is_file() and file.suffix in texts
    return {
        "path": path,
        "name": "" if file == root else file.name,
        "size": state.st_size,
        "extension": file.suffix,
        "modified": modified.isoformat(),
        "mode": state.st_mode & 0o777,
        "isDir": file.is_dir(),
        "isSymlink": file.is_symlink(),
        "type": "text" if is_text else "blob" if file.is_file() else "",
    }


if __name__ == "__main__":
    main()
