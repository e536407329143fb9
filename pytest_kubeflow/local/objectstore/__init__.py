"""The object store: SeaweedFS in a network of its own, and the one way to its S3 port.

```
server.py       its process, keys and buckets
storefront.py   what lets requests in
```
"""
