"""Calls functions of a library that qsat-compile made, on arrays in GPU memory.

    library = Library("libattention.so")
    library.attention(q, k, v, o, stream=torch.cuda.current_stream().cuda_stream)

An argument is a torch tensor, anything with ``__dlpack__`` (JAX, CuPy, ...) or
``__cuda_array_interface__``, or an `Array` of a raw pointer. Nothing but the standard library is needed, and nothing waits for the GPU.
"""

from __future__ import annotations

import ctypes
import json
from dataclasses import dataclass
from pathlib import Path

from qsat import dlpack

_ITEMSIZE = {"bf16": 2, "f16": 2, "f32": 4, "f64": 8, "i8": 1, "i16": 2, "i32": 4, "i64": 8, "i1": 1}
_TYPESTR = {"f16": "f2", "f32": "f4", "f64": "f8", "i8": "i1", "i16": "i2", "i32": "i4", "i64": "i8"}


class _Array(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("extents", ctypes.POINTER(ctypes.c_int64)),
                ("strides", ctypes.POINTER(ctypes.c_int64))]


@dataclass
class Array:
    """A raw device pointer, its extents and, in elements, its strides (None: contiguous)."""

    data: int
    extents: tuple[int, ...]
    strides: tuple[int, ...] | None = None
    owner: object = None  # keeps the memory


def _describe(value, element: str) -> Array:
    """What is passed for an argument of the given element type."""
    if isinstance(value, Array):
        return value
    if hasattr(value, "data_ptr"):  # torch
        wanted = {"bf16": "bfloat16", "f16": "float16", "f32": "float32", "f64": "float64", "i1": "bool",
                  "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64"}[element]
        if str(value.dtype) != f"torch.{wanted}":
            raise TypeError(f"expected an array of {element}, but got {value.dtype}")
        if not value.is_cuda:
            raise TypeError(f"expected an array in GPU memory, but got one on {value.device}")
        return Array(value.data_ptr(), tuple(value.shape), tuple(value.stride()))
    if hasattr(value, "__dlpack__"):
        described = dlpack.describe(value)
        if described.element != element:
            raise TypeError(f"expected an array of {element}, but got {described.element}")
        if not described.on_cuda:
            raise TypeError("expected an array in GPU memory, but got one in the host's")
        return Array(described.data, described.extents, described.strides, described.capsule)
    if not hasattr(value, "__cuda_array_interface__"):
        raise TypeError(f"expected an array in GPU memory, but got {type(value).__name__}")
    interface = value.__cuda_array_interface__
    wanted = _TYPESTR.get(element)
    if interface["typestr"][1:] != wanted and not (element == "bf16" and interface["typestr"][1:] in ("u2", "i2", "V2")):
        raise TypeError(f"expected an array of {element}, but got {interface['typestr']}")
    strides = interface.get("strides")
    if strides is not None:
        strides = tuple(s // _ITEMSIZE[element] for s in strides)
    return Array(interface["data"][0], tuple(interface["shape"]), strides)


class Function:
    """One function of a library."""

    def __init__(self, library: ctypes.CDLL, description: dict):
        self.name = description["name"]
        self.elements = [argument["element"] for argument in description["arguments"]]
        self.ranks = [len(argument["extents"]) for argument in description["arguments"]]
        self._error = library.qsat_error
        self._error.restype = ctypes.c_char_p
        self._function = getattr(library, self.name)
        self._function.restype = ctypes.c_int32
        self._function.argtypes = [ctypes.POINTER(_Array), ctypes.c_void_p]

    def bind(self, *arguments):
        """A call on these arrays, prepared: a function of the stream. Holds the arrays."""
        if len(arguments) != len(self.elements):
            raise TypeError(f"{self.name}: expected {len(self.elements)} arrays, but got {len(arguments)}")
        arrays, keep = (_Array * len(arguments))(), []
        for n, (value, element, rank) in enumerate(zip(arguments, self.elements, self.ranks)):
            try:
                array = _describe(value, element)
            except TypeError as error:
                raise TypeError(f"{self.name}: argument {n}: {error}") from None
            if len(array.extents) != rank:
                raise TypeError(f"{self.name}: argument {n}: expected {rank} dimensions, but got {len(array.extents)}")
            extents = (ctypes.c_int64 * rank)(*array.extents)
            strides = (ctypes.c_int64 * rank)(*array.strides) if array.strides is not None else None
            keep += [value, array.owner, extents, strides]
            arrays[n] = _Array(array.data, extents, strides)

        def call(stream: int = 0, function=self._function, arrays=arrays, keep=keep):
            if function(arrays, stream):
                raise RuntimeError(self._error().decode())

        return call

    def __call__(self, *arguments, stream: int = 0):
        self.bind(*arguments)(stream)


class Library:
    """A compiled library; its functions are attributes."""

    def __init__(self, path: str | Path):
        self._library = ctypes.CDLL(str(Path(path).resolve()))
        text = ctypes.cast(self._library.qsat_manifest, ctypes.c_char_p).value
        self.manifest = json.loads(text)
        self.functions = {f["name"]: Function(self._library, f) for f in self.manifest["functions"]}

    def __getattr__(self, name: str) -> Function:
        try:
            return self.__dict__["functions"][name]
        except KeyError:
            raise AttributeError(f"no function '{name}' in the library") from None
