"""Arrays of other libraries through DLPack, with ctypes alone.

The capsule of ``__dlpack__`` is read and kept, not consumed: the array lives as long as it.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass


class _Tensor(ctypes.Structure):  # DLTensor of dlpack.h
    _fields_ = [("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32),
                ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8),
                ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("strides", ctypes.POINTER(ctypes.c_int64)), ("byte_offset", ctypes.c_uint64)]


_KINDS = {0: "i", 1: "ui", 2: "f", 4: "bf", 6: "bool"}
_ON_CUDA = (2, 13)  # kDLCUDA, kDLCUDAManaged
_ON_HOST = 1
_get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_get_pointer.restype, _get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


@dataclass
class Described:
    """``element`` is spelled as in MLIR; ``strides`` count elements, None: contiguous."""

    data: int
    element: str
    extents: tuple[int, ...]
    strides: tuple[int, ...] | None
    on_cuda: bool
    capsule: object


def describe(value) -> Described:
    """What ``value.__dlpack__`` tells. Asks for no wait: the caller orders work by its stream."""
    device_type = value.__dlpack_device__()[0]
    # -1: no wait. Arrays of the host take none at all.
    capsule = value.__dlpack__() if int(device_type) == _ON_HOST else value.__dlpack__(stream=-1)
    tensor = _Tensor.from_address(_get_pointer(capsule, b"dltensor"))
    kind = _KINDS.get(tensor.code, f"kind{tensor.code}:")
    element = "i1" if kind == "bool" else f"{kind}{tensor.bits}"
    if tensor.lanes != 1:
        element += f"x{tensor.lanes}"
    extents = tuple(tensor.shape[d] for d in range(tensor.ndim))
    strides = tuple(tensor.strides[d] for d in range(tensor.ndim)) if tensor.strides else None
    return Described((tensor.data or 0) + tensor.byte_offset, element, extents, strides,
                     tensor.device_type in _ON_CUDA, capsule)
