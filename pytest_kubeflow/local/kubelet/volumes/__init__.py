"""Volumes of pods: directories of the node, objects of the API as files, claims."""
