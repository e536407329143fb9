"""Trainer v2: TrainJobs, and the runtimes that say what they are made of."""
