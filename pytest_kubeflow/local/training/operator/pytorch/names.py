"""Names that PyTorchJobs go by: kubeflow/training-operator v1.9.2, pytorch_types.go."""

MASTER, WORKER = "Master", "Worker"
CONTAINER, PORT_NAME, PORT = "pytorch", "pytorchjob-port", 23456
