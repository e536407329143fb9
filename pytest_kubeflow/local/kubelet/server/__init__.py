"""The kubelet's HTTPS endpoints, which the API server and `kubectl` lead to."""
