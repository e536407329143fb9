"""Scalars out of TensorFlow's event files.

Frames: tensorflow/tensorflow, tensorflow/core/lib/io/record_writer.h; messages: event.proto,
summary.proto and tensor.proto of tensorflow/core. TensorBoard, which the real collector uses,
brings TensorFlow's weight for a few fields. Which tags are a metric's: kubeflow/katib v0.19.0,
pkg/metricscollector/v1beta1/tfevent-metricscollector/tfevent_loader.py.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from google.protobuf.message import DecodeError

from pytest_kubeflow.local.katib.collector import files
from pytest_kubeflow.local.katib.collector.parsing import CollectError
from pytest_kubeflow.local.katib.conditions import UNAVAILABLE
from pytest_kubeflow.local.katib.observations import MetricLog
from pytest_kubeflow.local.messagetable import MessageTable

_TABLE = MessageTable(
    "tensorboard",
    {},
    {
        "TensorDimension": "1 size int64",
        "TensorShape": "2 dim *TensorDimension",
        "Tensor": (
            "1 dtype int32, 2 tensor_shape TensorShape, 4 tensor_content bytes, "
            "5 float_val *float, 6 double_val *double, 7 int_val *int32, 10 int64_val *int64"
        ),
        "Value": "1 tag string, 2 simple_value float, 8 tensor Tensor",
        "Summary": "1 value *Value",
        "Event": "1 wall_time double, 2 step int64, 5 summary Summary",
    },
)
_HEADER, _FOOTER = 12, 4
_LONGEST = 256 << 20  # bytes of an event, which may be an image, that are read
_FORMATS = {1: "<f", 2: "<d", 3: "<i", 9: "<q"}  # DT_FLOAT, DT_DOUBLE, DT_INT32, DT_INT64


def read_events(directory: Path, shown: str, metrics: Sequence[str]) -> list[MetricLog]:
    """Values of `metrics` in all files below `directory`, which the pod calls `shown`.

    What is no file of events gives none. Raises OSError, CollectError.
    """
    found: list[MetricLog] = []
    for path, file in files.below(directory):
        found += _of_file(file, os.path.join(shown.rstrip("/"), path), metrics)
    if any(one.name == metrics[0] for one in found):
        return found
    return [MetricLog(_time(datetime.now(UTC).timestamp()), metrics[0], UNAVAILABLE)]


def _of_file(file: BinaryIO, place: str, metrics: Sequence[str]) -> list[MetricLog]:
    # Tensors first, as the real one asks for them first.
    by_kind: tuple[list[MetricLog], list[MetricLog]] = [], []
    for event in events(file):
        for value in event.summary.value:
            is_tensor = value.HasField("tensor")
            text = _tensor_text(value.tensor) if is_tensor else _scalar_text(value)
            if text is None:
                continue
            by_kind[not is_tensor].extend(
                MetricLog(_time(event.wall_time), metric, text)
                for metric in metrics
                if is_metric(value.tag, metric, place)
            )
    return by_kind[0] + by_kind[1]


def is_metric(tag: str, metric: str, file: str) -> bool:
    """Whether a tag in a file is a metric's, which may be called by its directory: `train/loss`."""
    directory = os.path.dirname(file)
    parent = os.path.dirname(metric) if "/" in metric else directory
    return tag.startswith(metric.rsplit("/", maxsplit=1)[-1]) and directory.endswith(parent)


def events(file: BinaryIO) -> Iterator[Any]:
    """The events of a file, as far as it is whole. Raises CollectError for one that is too long."""
    event, size = _TABLE.message_class("Event"), file.seek(0, os.SEEK_END)
    place = file.seek(0)
    while place + _HEADER <= size:
        (length,) = struct.unpack_from("<Q", file.read(_HEADER))
        place += _HEADER + length + _FOOTER
        if place > size:
            return
        if length > _LONGEST:
            raise CollectError(
                f"Failed to collect logs: an event has {length} bytes, of which at most {_LONGEST} "
                "are read"
            )
        try:
            yield event.FromString(file.read(length))
        except DecodeError:
            return
        file.seek(place)


def _scalar_text(value: Any) -> str | None:
    return str(value.simple_value) if value.HasField("simple_value") else None


def _tensor_text(tensor: Any) -> str | None:
    """A tensor of one number, as numpy writes it; None for others."""
    if any(one.size != 1 for one in tensor.tensor_shape.dim):
        return None
    pattern = _FORMATS.get(tensor.dtype)
    if pattern is None:
        return None
    if tensor.tensor_content:
        if len(tensor.tensor_content) != struct.calcsize(pattern):
            return None
        (number,) = struct.unpack(pattern, tensor.tensor_content)
    else:
        fields = (tensor.float_val, tensor.double_val, tensor.int_val, tensor.int64_val)
        number = next((one[0] for one in fields if one), 0)
    return _shortest(number) if tensor.dtype == 1 else str(number)


def _shortest(number: float) -> str:
    """The shortest text that reads back as this single-precision number."""
    for digits in range(1, 10):
        text = f"{number:.{digits}g}"
        try:
            (same,) = struct.unpack("<f", struct.pack("<f", float(text)))
        except OverflowError:
            continue
        if same == number:
            return str(float(text))
    return str(number)


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%dT%H:%M:%S}Z"
