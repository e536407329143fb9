"""TensorBoards: made, asked for the numbers of event files through the gateway, removed."""
