"""Models that are trained, stored and served: ready, right, reachable, closed to others."""
