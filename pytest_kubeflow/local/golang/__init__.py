"""What programs written in Go do otherwise than Python: `encoding/json`, and `regexp`."""
