"""Compiles and runs many small functions at once.

The cost of a process is shared by a batch: one qsat-opt raises it, one lowers it, one
mlir-translate and one clang make a shared object of it.
"""

from __future__ import annotations

import ctypes
import pathlib
import re
import subprocess
import tempfile

import numpy as np

from .ir import NUMPY

LLVM = pathlib.Path("/usr/lib/llvm-22")
#: As the CPU pipeline starts.
RAISE = "inline,canonicalize,cse,qsat-raise-attention"
#: Straight to scalar loops, by upstream's passes but for the meaning of qsat ops: what
#: is tested is the raising.
LOWER = (
    "func.func(tosa-to-linalg-named,tosa-to-linalg),func.func(tosa-to-arith,tosa-to-tensor),"
    "convert-qsat-to-linalg,func.func(qsat-decompose-aggregates,convert-elementwise-to-linalg),"
    "canonicalize,cse,one-shot-bufferize{bufferize-function-boundaries "
    "function-boundary-type-conversion=identity-layout-map},func.func(convert-linalg-to-loops),"
    "canonicalize,expand-strided-metadata,lower-affine,convert-scf-to-cf,"
    "convert-math-to-libm,convert-to-llvm,reconcile-unrealized-casts")
_FUNCTION = re.compile(r"^  func\.func @([\w.]+)\(.*?^  }$", re.M | re.S)
ATTENTION = re.compile(r"^\s*%\S+(?:, %\S+)* = qsat\.attention ", re.M)


class ToolError(Exception):
    """A tool that failed, on the smallest part of the batch that makes it fail."""

    def __init__(self, tool, name, text, message):
        super().__init__(f"{tool} failed on @{name}: {message}")
        self.name, self.text, self.kind = name, text, f"{tool} fails: {message}"[:100]


def module(functions, head=""):
    """The text of a module of these functions (texts)."""
    body = "\n".join(functions)
    return f"{head}module {{\n{body}\n}}\n"


def run(command, data):
    """What the command writes to its output, given ``data`` (bytes both)."""
    done = subprocess.run([str(c) for c in command], input=data, capture_output=True)
    if done.returncode != 0:
        message = done.stderr.decode(errors="replace")
        lines = [l for l in message.splitlines() if l.strip()]
        if done.returncode < 0 or "Stack dump" in message:
            frames = re.findall(r"#\d+ \S+ ((?:qsat|mlir)::[\w:]+|\w+)\(", message)
            lines = [f"crash in {next((f for f in frames if not f.startswith('llvm')), 'it')}"]
        raise RuntimeError((lines[0] if lines else f"exit code {done.returncode}")[:300])
    return done.stdout


def split(text):
    """A printed module as (what the functions share, {name: function})."""
    head = "".join(line + "\n" for line in text.splitlines() if line.startswith("#"))
    return head, {m.group(1): m.group(0) for m in _FUNCTION.finditer(text)}


class Tools:
    """The programs; ``qsat_opt`` is a path."""

    def __init__(self, qsat_opt):
        self.qsat_opt = qsat_opt

    def opt(self, functions, passes):
        """The batch {name: text} after ``passes``, as a list of (head, {name: text}) whose
        functions share a head, and the ToolErrors of those that make it fail."""
        command = [self.qsat_opt, "--mlir-disable-threading",
                   f"--pass-pipeline=builtin.module({passes})"]
        chunks, errors, pending = [], [], [dict(functions)]
        while pending:
            part = pending.pop()
            try:
                chunks.append(split(run(command, module(part.values()).encode()).decode()))
            except RuntimeError as error:
                names = list(part)
                if len(names) == 1:
                    errors.append(ToolError("qsat-opt", names[0], part[names[0]], str(error)))
                    continue
                half = len(names) // 2
                pending += [{n: part[n] for n in names[half:]}, {n: part[n] for n in names[:half]}]
        return chunks, errors


    def compiled(self, functions, passes, keep, make):
        """The batch after ``passes``, compiled: (list of (library, {name: text}), errors).

        ``keep`` chooses functions by their text afterwards; ``make(functions, head)`` gives
        the texts to compile. Where a part does not compile, its functions are taken one by
        one, from the start: what is wrong may be in what they share."""
        chunks, errors = self.opt(functions, passes)
        libraries, single = [], len(functions) == 1
        for head, done in chunks:
            kept = {n: t for n, t in done.items() if keep(t)}
            try:
                library = Library(self, [module(make(kept, head), head)]) if kept else None
                libraries.append((library, done))
            except RuntimeError as error:
                if single:
                    (name, text), = functions.items()
                    errors.append(ToolError("compiling what was raised", name, text, str(error)))
                    continue
                for name in done:
                    alone, failed = self.compiled({name: functions[name]}, passes, keep, make)
                    libraries += alone
                    errors += failed
        return libraries, errors

    def reason(self, text, passes):
        """Why qsat-raise-attention leaves the function as it is, by its remarks."""
        command = [self.qsat_opt, f"--pass-pipeline=builtin.module({passes})", "-o", "/dev/null",
                   "--remarks-filter-missed=qsat"]
        done = subprocess.run(command, input=module([text]), capture_output=True, text=True)
        reasons = re.findall(r'Reason="([^"]*)"', done.stderr)
        return reasons[-1] if reasons else "no remark"


class Library:
    """Functions compiled to a shared object; ``call`` runs one on numpy arrays."""

    def __init__(self, tools, texts, flags=("-O0",)):
        """``texts``: modules, each as text."""
        self.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(self.folder.name)
        sources = []
        for number, text in enumerate(texts):
            lowered = run([tools.qsat_opt, "--mlir-disable-threading", "--emit-bytecode",
                           "--verify-each=false", f"--pass-pipeline=builtin.module({LOWER})"],
                          text.encode())
            source = folder / f"m{number}.ll"
            source.write_bytes(run([LLVM / "bin/mlir-translate", "--mlir-to-llvmir"], lowered))
            sources.append(source)
        # Conversions to and from bf16 are calls, and so are copies of memory with strides.
        run([LLVM / "bin/clang", *flags, "-march=native", "-shared", "-fPIC", "-Wno-override-module",
             *sources, "-o", folder / "m.so", f"-L{LLVM}/lib", "-lmlir_float16_utils", "-lmlir_c_runner_utils", "-lm",
             f"-Wl,-rpath,{LLVM}/lib"], b"")
        self.library = ctypes.CDLL(str(folder / "m.so"))
        self.free = ctypes.CDLL(None).free
        self.free.argtypes = [ctypes.c_void_p]

    def call(self, name, arrays, rank, dtype):
        """The single result, of ``rank`` and ``dtype``, of function ``name``."""
        function = getattr(self.library, f"_mlir_ciface_{name}")
        function.restype = None
        result = _descriptor(rank)()
        held = [describe(a) for a in arrays]
        function(ctypes.byref(result), *map(ctypes.byref, held))
        shape = tuple(result.sizes[:rank])
        if any(a.ctypes.data == result.base for a in arrays):
            return next(a for a in arrays if a.ctypes.data == result.base).copy()
        count = int(np.prod(shape, dtype=np.int64))
        kind = np.dtype(dtype)
        data = ctypes.string_at(result.aligned + result.offset * kind.itemsize, count * kind.itemsize)
        self.free(result.base)
        return np.frombuffer(data, kind).reshape(shape)


_DESCRIPTORS = {}


def _descriptor(rank):
    """The type of a memref descriptor as MLIR's C interface passes it."""
    if rank not in _DESCRIPTORS:
        class Ranked(ctypes.Structure):
            _fields_ = [("base", ctypes.c_void_p), ("aligned", ctypes.c_void_p),
                        ("offset", ctypes.c_int64), ("sizes", ctypes.c_int64 * max(rank, 1)),
                        ("strides", ctypes.c_int64 * max(rank, 1))]

        _DESCRIPTORS[rank] = Ranked
    return _DESCRIPTORS[rank]


def describe(array):
    strides = [s // array.itemsize for s in array.strides]
    rank = array.ndim
    size = ctypes.c_int64 * max(rank, 1)
    return _descriptor(rank)(array.ctypes.data, array.ctypes.data, 0, size(*array.shape), size(*strides))


def to_elem(array, elem):
    """A numpy array as the function takes it; bf16 as bits."""
    if elem == "bf16":
        bits = np.asarray(array, np.float32).view(np.uint32)
        rounded = bits + 0x7FFF + ((bits >> 16) & 1)
        return np.ascontiguousarray((rounded >> 16).astype(np.uint16))
    return np.ascontiguousarray(np.asarray(array, NUMPY[elem]))


def from_elem(array, elem):
    """The numbers of a result in f64."""
    if elem == "bf16":
        return (array.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return array.astype(np.float64)
