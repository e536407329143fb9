"""The embedded Kubeflow on a real control plane, one for all tests here."""
