"""KServe: InferenceServices that are ours, how they become ready, and how they are asked."""
