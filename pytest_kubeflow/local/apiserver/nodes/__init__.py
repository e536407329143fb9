"""The way from the API server to the kubelets of its nodes."""
