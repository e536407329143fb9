"""Pipelines that ask Kubernetes for something: volumes, secrets, settings, resources."""

from kfp import dsl, kubernetes

from tests.local.pipelines.programs import shell


@dsl.container_component
def secrets() -> dsl.ContainerSpec:
    return shell('echo "<$USER_NAME><$(cat /etc/keys/password)><$(ls /etc/keys | wc -l)>"')


@dsl.pipeline(name="with-secrets")
def with_secrets(secret: str) -> None:
    task = secrets()
    kubernetes.use_secret_as_env(task, secret_name=secret, secret_key_to_env={"user": "USER_NAME"})
    kubernetes.use_secret_as_volume(task, secret_name=secret, mount_path="/etc/keys")


@dsl.container_component
def settings() -> dsl.ContainerSpec:
    return shell('echo "<$COLOUR><$(cat /etc/settings/size)>"')


@dsl.pipeline(name="with-settings")
def with_settings(config: str) -> None:
    task = settings()
    kubernetes.use_config_map_as_env(
        task, config_map_name=config, config_map_key_to_env={"colour": "COLOUR"}
    )
    kubernetes.use_config_map_as_volume(task, config_map_name=config, mount_path="/etc/settings")


@dsl.pipeline(name="with-both")
def with_both(called: str) -> None:
    """A Secret and a ConfigMap of one name, both as files."""
    task = secrets()
    kubernetes.use_secret_as_volume(task, secret_name=called, mount_path="/etc/keys")
    kubernetes.use_config_map_as_volume(task, config_map_name=called, mount_path="/etc/settings")


@dsl.container_component
def write(text: str) -> dsl.ContainerSpec:
    return shell('printf %s "$1" > /data/file', text)


@dsl.container_component
def read(out: dsl.OutputPath(str)) -> dsl.ContainerSpec:  # type: ignore[valid-type]
    return shell('cp /data/file "$1"', out)


@dsl.pipeline(name="own-volume")
def own_volume(text: str) -> None:
    """A claim that the pipeline makes, uses and deletes."""
    made = kubernetes.CreatePVC(
        pvc_name_suffix="-scratch", access_modes=["ReadWriteOnce"], size="5Mi"
    )
    first = write(text=text)
    kubernetes.mount_pvc(first, pvc_name=made.outputs["name"], mount_path="/data")
    second = read().after(first)
    kubernetes.mount_pvc(second, pvc_name=made.outputs["name"], mount_path="/data")
    kubernetes.DeletePVC(pvc_name=made.outputs["name"]).after(second)


@dsl.container_component
def surroundings() -> dsl.ContainerSpec:
    return shell('echo "<$ME><$GREETING>"; touch /scratch/there')


@dsl.pipeline(name="with-settings-of-the-pod")
def with_pod_settings() -> None:
    task = surroundings().set_env_variable("GREETING", "$(ME) {{$.inputs.parameters['x']}}")
    task.set_cpu_limit("500m").set_memory_request("16Mi").set_memory_limit("64Mi")
    kubernetes.use_field_path_as_env(task, env_name="ME", field_path="metadata.name")
    kubernetes.empty_dir_mount(task, volume_name="scratch", mount_path="/scratch")
    kubernetes.add_pod_label(task, label_key="colour", label_value="red")
    kubernetes.add_pod_annotation(task, annotation_key="why", annotation_value="because")
    kubernetes.set_image_pull_policy(task, "IfNotPresent")


@dsl.pipeline(name="unclaimed")
def unclaimed(pvc: str) -> None:
    kubernetes.mount_pvc(write(text="x"), pvc_name=pvc, mount_path="/data")


@dsl.pipeline(name="two-names")
def two_names() -> None:
    kubernetes.CreatePVC(
        pvc_name="a", pvc_name_suffix="-b", access_modes=["ReadWriteOnce"], size="5Mi"
    )


@dsl.pipeline(name="deleting")
def deleting(pvc: str) -> None:
    kubernetes.DeletePVC(pvc_name=pvc)


@dsl.pipeline(name="nothing-to-delete")
def nothing_to_delete() -> None:
    kubernetes.DeletePVC(pvc_name="never-made")


@dsl.container_component
def identity(out: dsl.OutputPath(str)) -> dsl.ContainerSpec:  # type: ignore[valid-type]
    return shell('printf "%s:%s" "$(id -u)" "$(id -g)" > "$1"', out)


@dsl.pipeline(name="placed")
def placed(selector: dict, tolerations: list, affinity: dict, secret: str) -> None:  # type: ignore[type-arg]
    """Where a pod may run, from parameters and as it stands."""
    first = surroundings().set_display_name("by parameters")
    kubernetes.add_node_selector_json(first, node_selector_json=selector)
    kubernetes.add_toleration_json(first, toleration_json=tolerations)
    kubernetes.add_node_affinity_json(first, node_affinity_json=affinity)
    kubernetes.set_image_pull_secrets(first, [secret])
    kubernetes.set_timeout(first, 60)
    second = surroundings().set_display_name("as it stands")
    kubernetes.add_node_selector(second, label_key="kubernetes.io/os", label_value="linux")
    kubernetes.add_toleration(second, key="gpu", operator="Exists", effect="NoSchedule")
    exists = {"key": "kubernetes.io/hostname", "operator": "Exists"}
    kubernetes.add_node_affinity(second, match_expressions=[exists])
    kubernetes.add_node_affinity(second, match_expressions=[exists], weight=5)
    for task in (first, second):
        kubernetes.empty_dir_mount(task, volume_name="scratch", mount_path="/scratch")


@dsl.pipeline(name="as-somebody")
def as_somebody() -> None:
    kubernetes.set_security_context(
        identity(), run_as_user=1234, run_as_group=2345, run_as_non_root=True
    )


@dsl.pipeline(name="as-nobody")
def as_nobody() -> None:
    kubernetes.set_security_context(identity(), run_as_user=0, run_as_non_root=True)


@dsl.container_component
def wait() -> dsl.ContainerSpec:
    return shell("while :; do sleep 60; done")


@dsl.pipeline(name="too-long")
def too_long() -> None:
    kubernetes.set_timeout(wait(), 1)


@dsl.component(
    base_image="python:3.11",
    task_config_passthroughs=[
        dsl.TaskConfigField.RESOURCES,
        dsl.TaskConfigField.KUBERNETES_TOLERATIONS,
        dsl.TaskConfigField.KUBERNETES_NODE_SELECTOR,
        dsl.TaskConfigField.KUBERNETES_AFFINITY,
        dsl.TaskConfigPassthrough(field=dsl.TaskConfigField.ENV, apply_to_task=True),
        dsl.TaskConfigPassthrough(field=dsl.TaskConfigField.KUBERNETES_VOLUMES, apply_to_task=True),
    ],
)
def handed_on(workspace_path: str, config: dsl.TaskConfig) -> dict:  # type: ignore[type-arg]
    """The task's configuration, as the component gets it."""
    import os

    return {
        "env": config.env,
        "resources": config.resources,
        "tolerations": config.tolerations,
        "node_selector": config.node_selector,
        "volumes": config.volumes,
        "volume_mounts": config.volume_mounts,
        "colour": os.environ["COLOUR"],
    }


@dsl.pipeline(
    name="handing-on",
    pipeline_config=dsl.PipelineConfig(workspace=dsl.WorkspaceConfig(size="5Mi")),
)
def handing_on() -> None:
    """A task whose pod would fit nowhere, and need not."""
    task = handed_on(workspace_path=dsl.WORKSPACE_PATH_PLACEHOLDER)
    task.set_cpu_request("9999").set_memory_limit("100Mi").set_env_variable("COLOUR", "red")
    kubernetes.add_node_selector(task, label_key="disktype", label_value="ssd")
    kubernetes.add_toleration(task, key="gpu", operator="Exists", effect="NoSchedule")
