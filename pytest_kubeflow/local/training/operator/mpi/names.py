"""Names that MPIJobs go by: kubeflow/training-operator v1.9.2, mpi_types.go and mpijob.go."""

LAUNCHER, WORKER = "Launcher", "Worker"
DELIVERY_IMAGE = "ghcr.io/kubeflow/training-v1/kubectl-delivery:latest"
CONFIG_VOLUME, CONFIG_PATH = "mpi-job-config", "/etc/mpi"
KUBECTL_VOLUME, KUBECTL_PATH = "mpi-job-kubectl", "/opt/kube"
HOSTFILE, KUBEXEC, DISCOVERY = "hostfile", "kubexec.sh", "discover_hosts.sh"
