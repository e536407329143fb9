"""The table of docs/reference/retries.md, client by fault: each cell is tried.

One server loses, cuts and refuses the first attempt of a request; it counts the attempts, and the
caller sees a result or an error.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from pytest_kubeflow.retries import policy, statuses
from pytest_kubeflow.retries.policy import outages_of
from pytest_kubeflow.retries.tally import LOST

from .stand_ins import SOON, Client, StandIn, clients
from .unreliable import (
    Exchange,
    Fault,
    Unreliable,
    UnreliableEndpoint,
    break_after,
    break_before,
    break_within,
    listening,
    page,
    status,
)

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "retries.md"

AGAIN, LOOKS, ONCE, FINAL = "again", "looks, again", "once more", "no"


def silence(exchange: Exchange) -> None:
    """It is done, and the response comes too late."""
    exchange.forward()
    time.sleep(SOON + 0.5)
    exchange.break_off()


def with_success(body: bytes) -> Fault:
    """Something answers 200 in the server's place, and does nothing."""
    return lambda exchange: exchange.deliver((200, {"Content-Type": "application/json"}, body))


def twice(exchange: Exchange) -> None:
    """A mesh sends the request twice, and gives the answer to the second one."""
    exchange.forward()
    exchange.deliver(exchange.forward())


FAULTS: Mapping[str, Fault] = {
    "connection reset": break_before,
    "response lost": break_after,
    "half a response": break_within,
    "time-out": silence,
    "request sent twice on the way": twice,
    "408": status(408, "too slow"),
    "425": status(425, "too early"),
    "429": status(429, "too many requests"),
    "429, Retry-After: 3600": status(429, "later", **{"Retry-After": "3600"}),
    "429, Retry-After: a date": status(
        429, "later", **{"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"}
    ),
    "500, says that it will pass": status(500, "internal error, please try again"),
    "500, no cause": lambda exchange: exchange.deliver((500, {}, b"Internal Server Error")),
    "502": status(502, "bad gateway"),
    "503": status(503, "no healthy upstream"),
    "504": status(504, "upstream request timeout"),
    "200, a page of HTML": page,
    "200, an empty object": with_success(b"{}"),
    "401": status(401, "who are you"),
    "400": status(400, "bad request"),
    "403": status(403, "not you"),
    "404": status(404, "not there"),
    "409": status(409, "conflict"),
    "422": status(422, "not like this"),
    "500, with a cause": status(500, "a mistake"),
}
REFUSED, UNKNOWN = "connection refused", "unknown host name"


def table() -> dict[tuple[str, str], str]:
    """The cells of the page: {(fault, client): what is done}."""
    rows = [
        [cell.strip() for cell in line.strip("|\n ").split("|")]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.count("|") > 5
    ]
    head, _, *rest = rows
    return {
        (row[0], client): cell
        for row in rest
        for client, cell in zip(head[1:], row[1:], strict=True)
    }


CELLS = table()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "PAUSES", (0.01, 0.05))
    monkeypatch.setattr(statuses, "LONGEST_PAUSE", 0.05)


@pytest.fixture(scope="module")
def stand_in() -> StandIn:
    return StandIn()


@pytest.fixture(scope="module")
def endpoint(stand_in: StandIn) -> Iterator[UnreliableEndpoint]:
    with listening(UnreliableEndpoint(Unreliable(stand_in))) as one:
        yield one


@pytest.fixture
def asking(
    endpoint: UnreliableEndpoint, stand_in: StandIn, tmp_path: Path
) -> Iterator[dict[str, Client]]:
    for made in stand_in.made.values():
        made.clear()
    url = f"http://127.0.0.1:{endpoint.port}"
    with clients(url, tmp_path, f"kf-{uuid.uuid4().hex[:10]}") as one:
        yield one


def made_by(client: Client, stand_in: StandIn) -> int:
    return len(stand_in.made[client.kind]) if client.kind else 1


def lost(before: Mapping[str, Mapping[str, int]]) -> int:
    return sum(sum(kinds.values()) for kinds in LOST.since(before).plain().values())


def test_the_page_has_all_cells() -> None:
    assert {fault for fault, _ in CELLS} == {*FAULTS, REFUSED, UNKNOWN}
    assert {client for _, client in CELLS} >= {"gateway: GET", "S3", "predictors"}
    assert set(CELLS.values()) <= {AGAIN, LOOKS, ONCE, FINAL, "-"}


@pytest.mark.parametrize(
    ("fault", "name"),
    [one for one, cell in CELLS.items() if one[0] in FAULTS and cell != "-"],
    ids=lambda part: part.replace(" ", "-"),
)
def test_one_fault(
    asking: dict[str, Client],
    endpoint: UnreliableEndpoint,
    stand_in: StandIn,
    fault: str,
    name: str,
) -> None:
    client, cell = asking[name], CELLS[fault, name]
    before, hit = LOST.plain(), _only(client)
    with endpoint.every_first(FAULTS[fault], of=hit):
        if cell == FINAL:
            with pytest.raises(Exception) as refused:  # noqa: PT011  of six clients
                client.ask()
            assert not isinstance(refused.value, AssertionError)
        else:
            assert client.ask() is not None
    attempts = endpoint.attempts[client.method, client.path]
    if cell == FINAL:
        assert attempts == 1
        assert lost(before) == 0
    elif cell == LOOKS:  # what was done by the first attempt is found, and not done again
        assert attempts in {1, 2}
        assert made_by(client, stand_in) == 1
    else:
        assert attempts == 2
        assert made_by(client, stand_in) == 1
        assert lost(before) == 1
    if cell == ONCE:
        with endpoint.every_first(FAULTS[fault], of=hit, times=9), pytest.raises(Exception):  # noqa: B017, PT011
            client.ask()
        assert endpoint.attempts[client.method, client.path] == 2


_ACCESS = "https://10.96.0.1:443/apis/authorization.k8s.io/v1/subjectaccessreviews"
_ASKED = f'Failed to list runs: Failed to create SubjectAccessReview: Post "{_ACCESS}":'
_DIAL = f"{_ASKED} dial tcp 10.96.0.1:443:"


def go(message: str) -> Fault:
    """A 500 as grpc-gateway writes it: the message twice."""
    detail = {"@type": "type.googleapis.com/google.rpc.Status", "code": 13, "message": message}
    body = json.dumps({"error": message, "code": 13, "message": message, "details": [detail]})
    return lambda exchange: exchange.deliver(
        (500, {"Content-Type": "application/json"}, body.encode())
    )


@pytest.mark.parametrize(
    "message",
    [
        f"{_DIAL} connect: connection refused",
        f"{_DIAL} connect: connection reset by peer",
        f"{_DIAL} connect: no route to host",
        f"{_DIAL} i/o timeout",
        f"{_ASKED} read tcp 10.0.0.7:4711->10.96.0.1:443: read: connection reset by peer",
        f"{_ASKED} EOF",
        f"{_ASKED} net/http: TLS handshake timeout",
        f"{_ASKED} http2: client connection lost",
        "Failed to create a workflow: the server is currently unable to handle the request",
        'User "a" cannot create: RBAC: clusterrole.rbac.authorization.k8s.io "b" not found',
        "Failed to list runs: dial tcp 10.96.3.4:3306: connect: connection refused",
        "dial tcp: lookup mysql on 10.96.0.10:53: server misbehaving",
        "dial tcp: lookup mysql on 10.96.0.10:53: read udp 10.0.0.7:4->10.96.0.10:53: i/o timeout",
    ],
)
def test_what_is_behind_the_pipelines_was_away(
    asking: dict[str, Client], endpoint: UnreliableEndpoint, stand_in: StandIn, message: str
) -> None:
    """Asked again by the clients of the pipelines; of other servers it is a cause like any."""
    for name in ("pipelines: read", "pipelines: create"):
        client = asking[name]
        with endpoint.every_first(go(message), of=_only(client)):
            assert client.ask() is not None
        assert endpoint.attempts[client.method, client.path] == 2
        assert made_by(client, stand_in) == 1
    for name in ("Kubernetes: create", "gateway: GET"):
        client = asking[name]
        with (
            endpoint.every_first(go(message), of=_only(client)),
            pytest.raises(Exception, match="500"),
        ):
            client.ask()
        assert endpoint.attempts[client.method, client.path] == 1


@pytest.mark.parametrize(
    "message",
    [
        'failed calling webhook "pods.example.com": failed to call webhook: Post "https://a.b.svc":'
        " dial tcp 10.96.0.9:443: connect: connection refused",
        "dial tcp: lookup mysql on 10.96.0.10:53: no such host",
        "a pipeline EOF: that is no outage",
    ],
)
def test_what_is_no_outage_behind_the_pipelines(
    asking: dict[str, Client], endpoint: UnreliableEndpoint, message: str
) -> None:
    client = asking["pipelines: read"]
    with endpoint.every_first(go(message), of=_only(client)), pytest.raises(Exception, match="500"):
        client.ask()
    assert endpoint.attempts[client.method, client.path] == 1


def test_an_api_that_has_just_started_refuses_for_a_while(
    asking: dict[str, Client], endpoint: UnreliableEndpoint
) -> None:
    """It asks a Kubernetes that does not know all roles yet."""
    client, found = asking["pipelines: read"], [status(403, "no"), go(f"{_DIAL} i/o timeout")]

    def refuse(exchange: Exchange) -> None:
        found.pop()(exchange)

    with endpoint.every_first(refuse, of=_only(client), times=2):
        assert client.ask() is not None
    assert endpoint.attempts[client.method, client.path] == 3


def _only(client: Client) -> Callable[[str, str], bool]:
    return lambda method, path: (method, path) == (client.method, client.path)


@pytest.mark.parametrize("name", sorted({client for _, client in CELLS}))
def test_connection_refused(
    asking: dict[str, Client], endpoint: UnreliableEndpoint, stand_in: StandIn, name: str
) -> None:
    """Nothing was sent: everything is asked again."""
    assert CELLS[REFUSED, name] == AGAIN
    before = LOST.plain()
    endpoint.refuse()
    back = threading.Timer(0.2, endpoint.listen)
    back.start()
    try:
        assert asking[name].ask() is not None
    finally:
        back.join()
    assert made_by(asking[name], stand_in) == 1
    assert lost(before) >= 1


@pytest.mark.parametrize("name", sorted({client for _, client in CELLS}))
def test_unknown_host(tmp_path: Path, name: str) -> None:
    assert CELLS[UNKNOWN, name] == FINAL
    before = LOST.plain()
    with clients("http://nobody.invalid", tmp_path, "kf-1") as asking, pytest.raises(Exception):  # noqa: B017, PT011
        asking[name].ask()
    assert lost(before) == 0


@pytest.mark.parametrize("name", sorted({client for _, client in CELLS}))
def test_a_fault_that_stays(
    asking: dict[str, Client], endpoint: UnreliableEndpoint, name: str
) -> None:
    """The server's words are what the caller sees at the end."""
    with (
        endpoint.every_first(FAULTS["503"], times=9999),
        outages_of(0.3),
        pytest.raises(Exception, match=r"no healthy upstream|503"),
    ):
        asking[name].ask()
    client = asking[name]
    attempts = endpoint.attempts[client.method, client.path]
    # What is looked for first is not asked again before it is known not to be there.
    assert attempts == 1 if name in {"gateway: POST", "pipelines: create"} else attempts > 2
