"""The program of the image kserve/sklearnserver: the `kserve` package's ModelServer with a model.

This directory is what the image holds. It runs with the cluster's interpreter and with the packages
`kserve`, `scikit-learn` and `joblib` that are installed beside the embedded cluster; of this
project, only its siblings exist there. What it does is what the real image does (kserve/kserve
python/sklearnserver), but for two things: where pods share the machine's network it listens at the
pod's own address instead of 0.0.0.0, and gRPC is off.
"""
