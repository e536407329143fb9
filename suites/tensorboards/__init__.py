"""Acceptance suites: TensorBoards show the numbers that a training recorded, to their owner."""
