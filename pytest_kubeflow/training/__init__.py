"""Training on several nodes: TrainJobs, and the jobs of the training operator. Knows no pytest."""
