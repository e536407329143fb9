"""Names that TFJobs go by: kubeflow/training-operator v1.9.2, tensorflow_types.go."""

CHIEF, EVALUATOR, MASTER, PARAMETERS, WORKER = "Chief", "Evaluator", "Master", "PS", "Worker"
KINDS = (CHIEF, EVALUATOR, MASTER, PARAMETERS, WORKER)
"""In the order in which they are judged."""

LEADERS = frozenset({CHIEF, MASTER})
CONTAINER, PORT_NAME, PORT = "tensorflow", "tfjob-port", 2222
