"""The program of the image kserve/storage-initializer: it fetches a model before its server starts.

It runs with the bare interpreter, so it imports the standard library, its siblings and the S3
client of the launcher, which the image holds too. What it says, and when it fails, follows
kserve/kserve python/storage (kserve_storage.py, storage_errors.py).
"""
