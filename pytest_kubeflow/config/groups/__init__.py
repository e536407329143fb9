"""Groups of settings, as KubeflowConfig has them: a file each, as in the table of options."""
