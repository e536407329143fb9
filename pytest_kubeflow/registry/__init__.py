"""Container registries, asked by the OCI distribution API: what is there, and images of ours."""
