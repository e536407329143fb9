"""The Training Operator v1 (1.9), which an installation has by an option alone.

A kind of job is a `Framework`: in `pytorch/`, `tensorflow/` and `mpi/`. What they have in common is
beside them: a job's life (`controller.py`), its replicas, its status.
"""
