"""The Training Operator v1 (1.9): PyTorchJobs, which an installation has by an option alone."""
