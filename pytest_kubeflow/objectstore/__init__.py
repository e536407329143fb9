"""Buckets and prefixes of the object store: MinIO, SeaweedFS, S3."""
