import base64
import shutil
from pathlib import Path

import httpx
import pytest

from pytest_kubeflow.local.kube.resources import (
    CLUSTER_ROLE_BINDINGS,
    CONFIG_MAPS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
)
from tests.local.kubelet.conftest import NAMESPACE, Cluster, phase, sh, state


def test_node_is_registered(cluster: Cluster) -> None:
    node = cluster.node
    assert node["metadata"]["labels"]["kubernetes.io/os"] == "linux"
    assert set(node["status"]["allocatable"]) >= {"cpu", "memory", "pods"}
    ready = [one for one in node["status"]["conditions"] if one["type"] == "Ready"]
    assert ready[0]["status"] == "True"


def test_a_pod_that_succeeds(cluster: Cluster) -> None:
    pod = cluster.run(sh("echo out; echo err >&2"))
    status = pod["status"]
    assert phase(pod) == "Succeeded"
    ended = state(pod)["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (0, "Completed")
    assert (status["podIP"], status["hostIP"]) == ("127.0.0.1", "127.0.0.1")
    assert status["containerStatuses"][0]["imageID"].startswith("host://")
    assert status["containerStatuses"][0]["containerID"].startswith("process://")
    assert sorted(cluster.log(pod).split()) == ["err", "out"]
    reasons = {reason for reason, _ in cluster.events(pod, "Started")}
    assert reasons == {"Pulled", "Created", "Started"}


def test_a_pod_that_fails_says_why(cluster: Cluster) -> None:
    pod = cluster.run(sh("echo 'no data' > /dev/termination-log; exit 7"))
    assert phase(pod) == "Failed"
    ended = state(pod)["terminated"]
    assert (ended["exitCode"], ended["reason"], ended["message"]) == (7, "Error", "no data\n")


def test_the_log_may_speak_for_a_failed_container(cluster: Cluster) -> None:
    policy = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    assert (
        state(cluster.run(sh("echo last words; exit 1", **policy)))["terminated"]["message"]
        == "last words\n"
    )
    assert "message" not in state(cluster.run(sh("echo fine", **policy)))["terminated"]


def test_killed_by_a_signal(cluster: Cluster) -> None:
    # PID 1 is deaf to its own signals, so a child is killed and PID 1 passes its code on.
    pod = cluster.run(sh("sh -c 'kill -9 $$$$'; exit $?"))
    assert state(pod)["terminated"]["exitCode"] == 137


def test_command_that_is_not_there(cluster: Cluster) -> None:
    pod = cluster.run({"command": ["no-such-program"]})
    ended = state(pod)["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (128, "StartError")
    assert 'exec: "no-such-program": executable file not found in $PATH' in ended["message"]


def test_what_a_container_sees(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST_SECRET", "planted")
    lines = cluster.output(
        sh(
            "echo $POD/$BOTH/$LATER/$HOSTNAME; hostname; echo $$$$; env | grep -c SECRET; "
            "ls /home; pwd; id -u",
            env=[
                {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "BOTH", "value": "$(POD)-$(UNKNOWN)-$$(POD)"},
                {"name": "LATER", "value": "x"},
            ],
            workingDir="/data/deep",
        )
    ).splitlines()
    name = lines[1]
    assert lines == [f"{name}/{name}-$(UNKNOWN)-$(POD)/x/{name}", name, "1", "0", "/data/deep", "0"]


def test_arguments_replace_the_default_command(cluster: Cluster) -> None:
    assert (
        cluster.output({"image": "python:3.11", "args": ["python3", "-c", "print(6*7)"]}) == "42\n"
    )
    assert cluster.output({"args": ["echo", "$(V)"], "env": [{"name": "V", "value": "v"}]}) == "v\n"


def test_environment_from_config_maps_and_secrets(cluster: Cluster) -> None:
    cluster.do(
        cluster.client.create(
            CONFIG_MAPS,
            {
                "metadata": {"name": "settings", "namespace": NAMESPACE},
                "data": {"A": "1", "B": "2"},
            },
        )
    )
    secret = {"PASSWORD": base64.b64encode(b"planted").decode()}
    cluster.do(
        cluster.client.create(
            SECRETS, {"metadata": {"name": "keys", "namespace": NAMESPACE}, "data": secret}
        )
    )
    container = sh(
        "echo $P_A $P_B $ONE $PASSWORD ${NONE-unset}",
        envFrom=[
            {"prefix": "P_", "configMapRef": {"name": "settings"}},
            {"secretRef": {"name": "missing", "optional": True}},
        ],
        env=[
            {"name": "ONE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "A"}}},
            {
                "name": "PASSWORD",
                "valueFrom": {"secretKeyRef": {"name": "keys", "key": "PASSWORD"}},
            },
            {
                "name": "NONE",
                "valueFrom": {"secretKeyRef": {"name": "keys", "key": "no", "optional": True}},
            },
        ],
    )
    pod = cluster.run(container)
    assert cluster.log(pod) == "1 2 1 planted unset\n"
    assert "planted" not in str(pod)
    assert "planted" not in str(cluster.events(pod, "Started"))


def test_missing_reference_in_the_environment_is_waited_for(cluster: Cluster) -> None:
    reference = {"configMapKeyRef": {"name": "later", "key": "k"}}
    pod = cluster.create(sh("echo $V", env=[{"name": "V", "valueFrom": reference}]))
    waiting = cluster.until(
        pod,
        lambda one: (
            state(one).get("waiting", {}).get("reason") != "ContainerCreating" and state(one)
        ),
    )
    assert state(waiting)["waiting"] == {
        "reason": "CreateContainerConfigError",
        "message": 'configmap "later" not found',
    }
    metadata = {"name": "later", "namespace": NAMESPACE}
    cluster.do(cluster.client.create(CONFIG_MAPS, {"metadata": metadata, "data": {"k": "here"}}))
    assert cluster.log(cluster.finished(pod)) == "here\n"


def test_unknown_image(cluster: Cluster) -> None:
    pod = cluster.create({"image": "registry.example.com/team/model:1"})
    cluster.until(pod, lambda one: "ImagePullBackOff" in str(state(one)))
    response = cluster.log_response(pod)
    assert response.status_code == 400
    assert response.text.endswith("is waiting to start: ImagePullBackOff")
    events = cluster.events(pod, "Pulling", "BackOff", "Failed")
    assert ("BackOff", 'Back-off pulling image "registry.example.com/team/model:1"') in events
    assert any("it offers python (any tag)" in message for _, message in events)
    cluster.delete(pod)


def test_image_name_that_is_none(cluster: Cluster) -> None:
    pod = cluster.create({"image": "UPPER//x:1"})
    waiting = cluster.until(pod, lambda one: "InvalidImageName" in str(state(one)))
    assert state(waiting)["waiting"]["message"] == (
        'Failed to apply default image tag "UPPER//x:1": couldn\'t parse image name '
        '"UPPER//x:1": invalid reference format: repository name (UPPER//x) must be lowercase'
    )
    cluster.delete(pod)


def test_fault_image_pull(cluster: Cluster) -> None:
    cluster.faults.replace(["image-pull"])
    try:
        pod = cluster.create(sh("true"))
        cluster.until(pod, lambda one: "ImagePullBackOff" in str(state(one)))
    finally:
        cluster.faults.replace([])
    cluster.delete(pod)


def test_init_containers_run_in_order_before_the_others(cluster: Cluster) -> None:
    mounts = [{"name": "shared", "mountPath": "/shared"}]

    def init(name: str, script: str) -> dict[str, object]:
        return {"name": name, "image": "busybox", **sh(script, volumeMounts=mounts)}

    text = cluster.output(
        sh("cat /shared/order", volumeMounts=mounts),
        initContainers=[
            init("first", "sleep 0.1; echo first >> /shared/order"),
            init("second", "echo second >> /shared/order"),
        ],
        volumes=[{"name": "shared", "emptyDir": {}}],
    )
    assert text == "first\nsecond\n"


def test_failed_init_container_fails_the_pod(cluster: Cluster) -> None:
    init = {"name": "first", "image": "busybox", "command": ["false"]}
    pod = cluster.run(sh("true"), initContainers=[init])
    assert phase(pod) == "Failed"
    assert state(pod) == {"waiting": {"reason": "PodInitializing"}}


def test_sidecar_ends_with_the_pod(cluster: Cluster) -> None:
    script = "trap 'exit 0' TERM; touch /s/up; while :; do sleep 0.05; done"
    mounts = [{"name": "s", "mountPath": "/s"}]
    sidecar = {
        **sh(script, volumeMounts=mounts),
        "name": "side",
        "image": "busybox",
        "restartPolicy": "Always",
        "startupProbe": {"exec": {"command": ["cat", "/s/up"]}, "periodSeconds": 1},
    }
    pod = cluster.run(
        sh("cat /s/up", volumeMounts=mounts),
        initContainers=[sidecar],
        volumes=[{"name": "s", "emptyDir": {}}],
    )
    assert phase(pod) == "Succeeded"
    assert state(pod, "side")["terminated"]["exitCode"] == 0


def test_crash_loop(cluster: Cluster) -> None:
    pod = cluster.create(sh("echo attempt; exit 1"), restartPolicy="OnFailure")
    looping = cluster.until(pod, lambda one: "CrashLoopBackOff" in str(state(one)))
    status = looping["status"]["containerStatuses"][0]
    assert status["restartCount"] == 1
    assert status["state"]["waiting"]["message"].startswith("back-off 10s restarting failed")
    assert status["lastState"]["terminated"]["exitCode"] == 1
    assert phase(looping) == "Running"
    assert cluster.log(pod) == cluster.log(pod, previous="true") == "attempt\n"
    cluster.delete(pod)


def test_restart_that_succeeds(cluster: Cluster) -> None:
    pod = cluster.run(
        sh(
            "[ -e /s/once ] || { touch /s/once; exit 1; }",
            volumeMounts=[{"name": "s", "mountPath": "/s"}],
        ),
        restartPolicy="OnFailure",
        volumes=[{"name": "s", "emptyDir": {}}],
    )
    assert phase(pod) == "Succeeded"
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 1


def test_active_deadline(cluster: Cluster) -> None:
    pod = cluster.run(
        sh("trap 'exit 0' TERM; while :; do sleep 0.05; done"), activeDeadlineSeconds=1
    )
    assert phase(pod) == "Failed"
    assert pod["status"]["reason"] == "DeadlineExceeded"


def test_graceful_deletion_runs_the_hook_then_the_handler(cluster: Cluster, tmp_path: Path) -> None:
    hook = {"exec": {"command": ["sh", "-c", "echo hook >> /v/order"]}}
    pod = cluster.create(
        sh(
            "trap 'echo term >> /v/order; exit 0' TERM; while :; do sleep 0.05; done",
            lifecycle={"preStop": hook},
            volumeMounts=[{"name": "v", "mountPath": "/v"}],
        ),
        volumes=[{"name": "v", "hostPath": {"path": str(tmp_path)}}],
    )
    cluster.until(pod, lambda one: phase(one) == "Running")
    directory = cluster.directory / "data/pods" / pod["metadata"]["uid"]
    assert directory.exists()
    cluster.delete(pod)
    assert (tmp_path / "order").read_text() == "hook\nterm\n"
    assert ("Killing", "Stopping container main") in cluster.events(pod, "Killing")


def test_a_container_deaf_to_sigterm_is_killed_after_its_grace(cluster: Cluster) -> None:
    pod = cluster.create(sh("trap '' TERM; while :; do sleep 1; done"))
    cluster.until(pod, lambda one: phase(one) == "Running")
    cluster.delete(pod, grace=1)


def test_deletion_without_grace(cluster: Cluster) -> None:
    pod = cluster.create(sh("trap '' TERM; while :; do sleep 1; done"))
    cluster.until(pod, lambda one: phase(one) == "Running")
    cluster.delete(pod, grace=0)


def test_readiness_follows_the_probe(cluster: Cluster) -> None:
    pod = cluster.create(
        sh(
            "trap 'exit 0' TERM; touch /ok; while :; do sleep 0.05; done",
            readinessProbe={"exec": {"command": ["cat", "/ok"]}, "periodSeconds": 1},
        )
    )

    def ready(one: dict[str, object]) -> bool:
        return "'type': 'Ready', 'status': 'True'" in str(one)

    cluster.until(pod, ready)
    cluster.delete(pod)


def test_liveness_probe_restarts(cluster: Cluster) -> None:
    probe = {"tcpSocket": {"port": 1}, "periodSeconds": 1, "failureThreshold": 1}
    # Within the grace, as the shell may be asked to end before it has set its trap.
    pod = cluster.create(
        sh("trap 'exit 0' TERM; while :; do sleep 0.05; done", livenessProbe=probe),
        restartPolicy="Always",
        terminationGracePeriodSeconds=1,
    )
    cluster.until(pod, lambda one: "'restartCount': 1" in str(one))
    events = cluster.events(pod, "Unhealthy", "Killing")
    assert ("Killing", "Container main failed liveness probe, will be restarted") in events
    cluster.delete(pod, grace=0)


def test_logs_by_query(cluster: Cluster) -> None:
    pod = cluster.run(sh("for i in 1 2 3; do echo $i; done"))
    assert cluster.log(pod, tailLines=1) == "3\n"
    assert cluster.log(pod, limitBytes=3) == "1\n2"
    assert cluster.log(pod, follow="true") == "1\n2\n3\n"
    assert cluster.log_response(pod, tailLines="x").status_code == 400
    assert cluster.log_response(pod, "other").status_code == 400
    assert cluster.log_response({"metadata": {"name": "nobody"}}).status_code == 404


def test_fault_log_cut(cluster: Cluster) -> None:
    pod = cluster.run(sh("echo 123456789"))
    cluster.faults.replace(["log-cut"])
    try:
        assert cluster.log(pod) == "12345"
    finally:
        cluster.faults.replace([])
    assert cluster.log(pod) == "123456789\n"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer invented"}])
def test_the_endpoint_wants_a_certificate_or_a_token(
    cluster: Cluster, headers: dict[str, str]
) -> None:
    url = f"{cluster.kubelet_url}/healthz"
    answer = httpx.get(url, verify=cluster.anonymous_tls, headers=headers)
    assert answer.status_code == 401


def test_the_endpoint_asks_what_its_client_may(cluster: Cluster) -> None:
    url = f"{cluster.kubelet_url}/healthz"
    account = {"metadata": {"name": "reader", "namespace": NAMESPACE}}
    cluster.do(cluster.client.create(SERVICE_ACCOUNTS, account))
    asking = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    path = f"{SERVICE_ACCOUNTS.path(NAMESPACE, 'reader')}/token"
    issued = cluster.do(cluster.client.request("POST", path, body=asking))
    headers = {"Authorization": f"Bearer {issued['status']['token']}"}
    answer = httpx.get(url, verify=cluster.anonymous_tls, headers=headers)
    assert (answer.status_code, "Forbidden" in answer.text) == (403, True)
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    subject = {"kind": "ServiceAccount", "name": "reader", "namespace": NAMESPACE}
    binding = {"metadata": {"name": "nodes"}, "roleRef": role, "subjects": [subject]}
    cluster.do(cluster.client.create(CLUSTER_ROLE_BINDINGS, binding))
    # What was refused is not asked again for a while; a log is another right's question.
    answer = httpx.get(
        f"{cluster.kubelet_url}/metrics", verify=cluster.anonymous_tls, headers=headers
    )
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("readonly", "message"), [(False, ""), (True, "hosts hostname resolv.conf local")]
)
def test_files_that_tell_a_pod_who_it_is(cluster: Cluster, readonly: bool, message: str) -> None:
    script = (
        "for file in hosts hostname resolv.conf; do "
        "(echo >> /etc/$file) 2>/dev/null || printf '%s ' $file; done; "
        "touch /usr/local/x 2>/dev/null || printf local"
    )
    context = {"readOnlyRootFilesystem": readonly}
    assert cluster.output(sh(script, securityContext=context)).strip() == message


def test_an_image_that_is_a_directory_may_change_and_go(cluster: Cluster, tmp_path: Path) -> None:
    image = tmp_path / "image"
    for name in ("one", "two"):
        (image / name).mkdir(parents=True)
    cluster.images.register("example.com/changing", image)
    listing = sh("ls -d /one /two /three 2>/dev/null | tr '\\n' ' '") | {
        "image": "example.com/changing"
    }
    assert cluster.output(listing).strip() == "/one /two"
    (image / "two").rename(image / "three")
    assert cluster.output(listing).strip() == "/one /three"
    shutil.rmtree(image)
    (status,) = cluster.run(listing)["status"]["containerStatuses"]
    assert status["state"]["terminated"]["reason"] == "StartError"
    assert "unable to make its file system" in status["state"]["terminated"]["message"]
    assert cluster.output(sh("echo others go on")) == "others go on\n"


def test_services_have_names_inside(cluster: Cluster) -> None:
    spec = {"ports": [{"port": 80}]}
    metadata = {"name": "web", "namespace": NAMESPACE}
    service = cluster.do(cluster.client.create(SERVICES, {"metadata": metadata, "spec": spec}))
    address = service["spec"]["clusterIP"]
    names = f"web web.{NAMESPACE} web.{NAMESPACE}.svc web.{NAMESPACE}.svc.cluster.local"
    script = f"until getent hosts web >/dev/null; do sleep 0.02; done; getent hosts {names}"
    lines = cluster.output(sh(script)).splitlines()
    assert [line.split()[0] for line in lines] == [address] * 4


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"runAsUser": 1000, "runAsGroup": 2000}, "1000 2000"),
        ({"runAsUser": 1000}, "1000 0"),
        ({}, "0 0"),
    ],
)
def test_user_of_a_container(cluster: Cluster, context: dict[str, int], expected: str) -> None:
    script = "echo $(id -u) $(id -g); touch /tmp/x && python3 --version >/dev/null"
    container = sh(script, image="python:3.11", securityContext=context)
    assert cluster.output(container) == f"{expected}\n"


def test_run_as_non_root_is_checked(cluster: Cluster) -> None:
    pod = cluster.create(sh("true", securityContext={"runAsNonRoot": True}))
    cluster.until(pod, lambda one: "image will run as root" in str(state(one)))
    cluster.delete(pod)


def test_capability_beyond_what_a_container_may_have_is_refused(cluster: Cluster) -> None:
    pod = cluster.create(sh("true", securityContext={"capabilities": {"add": ["SYS_ADMIN"]}}))
    cluster.until(pod, lambda one: "SYS_ADMIN is not granted" in str(state(one)))
    cluster.delete(pod)


def test_read_only_root(cluster: Cluster) -> None:
    container = sh(
        "touch /x 2>/dev/null || echo refused; touch /v/x && echo ok",
        securityContext={"readOnlyRootFilesystem": True},
        volumeMounts=[{"name": "v", "mountPath": "/v"}],
    )
    volumes = [{"name": "v", "emptyDir": {}}]
    assert cluster.output(container, volumes=volumes) == "refused\nok\n"
