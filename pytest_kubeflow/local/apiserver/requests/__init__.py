"""What requests say: target, verb, options, objects in JSON and protobuf."""
