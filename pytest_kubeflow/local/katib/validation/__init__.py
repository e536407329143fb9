"""What Katib refuses of an Experiment, and in which words.

Rules, words and their order: kubeflow/katib v0.19.0, pkg/webhook/v1beta1/experiment.
"""
