"""No check of webhooks, certificates, mesh, login and apps raises, whatever a field is."""

from __future__ import annotations

import copy
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_kubeflow.platform.health import health_of
from pytest_kubeflow.platform.snapshot.observations import (
    GatewayPage,
    Observations,
    ServedCertificate,
)
from tests.platform.authority import Authority
from tests.platform.checks import test_mesh as mesh
from tests.platform.checks import test_pages as pages
from tests.platform.checks import test_webhooks as webhooks
from tests.platform.places import places_in
from tests.platform.snapshots import snapshot_of

OWN = Authority("other").issue("elsewhere.svc")
OBSERVED = Observations(
    dry_runs={"mjobset.kb.io": f"{webhooks.CALL}EOF", webhooks.HOOK: "x509: "},
    secret_certificates={"kubeflow/katib-webhook-cert": OWN.pem, "istio-system/tls": "x"},
    served={"kubeflow/katib-controller": ServedCertificate((OWN.der,)), "a:1": ServedCertificate()},
    pages={"/": pages.HOME, "/jupyter/": GatewayPage(503), "/notebook/jane/lab/": GatewayPage(503)},
    listening={"jane/lab": "nothing"},
    gateway="http://kubeflow.example.com",
    issuer="https://kubernetes.default.svc",
)
OBJECTS: tuple[Any, ...] = (
    webhooks._configuration(webhooks._webhook(Authority().root.pem)),
    *webhooks._server(ready=False),
    *webhooks._jobset(proxy=True),
    webhooks._poddefaults("a", "old"),
    webhooks._poddefaults("b", "new"),
    *webhooks._services("old", "new"),
    *mesh._mesh(mesh.DENY, mesh._route(), mesh._service(), mesh._pod("main")),
    mesh._rule("ISTIO_MUTUAL"),
    mesh._peer("STRICT", "kubeflow"),
    mesh._namespace("kubeflow"),
    mesh._istiod("1.30.1"),
    mesh._gateway("shop", "shop", mesh._server(443, "HTTPS")),
    pages._menu(),
    pages._notebook("/data"),
    pages._pod(),
    pages._service("Serverless"),
    pages._controller("v0.16.0"),
)
JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**70,
    0.5,
    "",
    "x",
    "a/b",
    [],
    [None, 1, "x"],
    {},
    {"x": 1},
)


def test_these_objects_show_many_faults() -> None:
    codes = {one.code for one in health_of(snapshot_of(*OBJECTS, observed=OBSERVED)).findings}
    assert len(codes) >= 10


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False))
def test_no_check_raises_for_a_field_of_another_type(dice: random.Random) -> None:
    objects = copy.deepcopy(OBJECTS)
    for one in dice.sample(objects, 6):
        holder, key = dice.choice(list(places_in(one)))
        holder[key] = copy.deepcopy(dice.choice(JUNK))
    health_of(snapshot_of(*objects, observed=OBSERVED))
