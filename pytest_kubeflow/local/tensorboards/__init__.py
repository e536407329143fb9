"""TensorBoards: their controller, and the image with the program."""
