"""Tasks get the CPUs, the memory and the GPUs that they ask for, and no more."""
