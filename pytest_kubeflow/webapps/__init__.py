"""What Kubeflow's web apps have in common, as a page of theirs asks them."""
