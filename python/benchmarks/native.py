"""Compiles MLIR to a shared library and calls it with numpy arrays: qsat-opt, mlir-translate, clang.

`Module` takes qsat ops on memrefs through the loops pipeline alone; `Model` takes the IR of a whole
model, on tensors, through `qsat-cpu-pipeline`.
"""

import ctypes
import hashlib
import os
import pathlib
import subprocess
import tempfile
import time

import numpy as np

LLVM = pathlib.Path("/usr/lib/llvm-22")
PASSES = [
    "--convert-scf-to-openmp",
    "--canonicalize",
    "--expand-strided-metadata",
    "--lower-affine",
    "--convert-vector-to-scf",
    "--convert-scf-to-cf",
    "--convert-vector-to-llvm",
    "--convert-math-to-llvm",
    "--convert-math-to-libm",
    "--convert-to-llvm",
    "--reconcile-unrealized-casts",
    "--canonicalize",
    "--cse",
]


class Descriptor(ctypes.Structure):
    """A ranked memref as MLIR's C interface passes it."""

    _fields_ = [("base", ctypes.c_void_p), ("aligned", ctypes.c_void_p), ("offset", ctypes.c_int64)]


def describe(array):
    """The memref descriptor of a numpy array, whatever its strides."""
    rank = array.ndim

    class Ranked(ctypes.Structure):
        _fields_ = Descriptor._fields_ + [
            ("sizes", ctypes.c_int64 * max(rank, 1)),
            ("strides", ctypes.c_int64 * max(rank, 1)),
        ]

    pointer = array.ctypes.data
    sizes = array.shape or (1,)
    strides = tuple(s // array.itemsize for s in array.strides) or (1,)
    return Ranked(pointer, pointer, 0, sizes, strides)


def aligned(array):
    """A copy that starts at a cache line, as torch's own tensors do and numpy's do not."""
    memory = np.empty(array.nbytes + 64, np.uint8)
    start = -memory.ctypes.data % 64
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def runtime_of(qsat_opt):
    """What kernels call: the runtime of the build that `qsat_opt` is of."""
    return [pathlib.Path(qsat_opt).resolve().parents[1] / "lib" / "libQsatRuntime.a", "-lstdc++"]


def measure(candidates, rounds, before=lambda: None):
    """Seconds of each candidate in each of `rounds` interleaved rounds, after one of warm-up: {name: [...]}.

    A candidate is called with the number of the round, after `before`, which is not timed.
    """
    times = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, run_once in candidates.items():
            before()
            start = time.perf_counter()
            run_once(number)
            if number:
                times[name].append(time.perf_counter() - start)
    return times


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stderr[:2000]}")


class Library:
    """A shared library of `text` after `passes` (options of qsat-opt), compiled for `march`.

    With QSAT_KERNELS=DIR in the environment it is kept in DIR, and taken from there without a
    compiler when it is there already: a machine without LLVM can run what another has compiled
    (DIR then holds libomp.so.5 too).
    """

    def __init__(self, text, qsat_opt, passes, march="native", objects=(), load=True):
        self.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(self.folder.name)
        library = folder / "k.so"
        if kept := os.environ.get("QSAT_KERNELS"):
            key = hashlib.sha256(repr((type(self).__name__, text, passes, march)).encode()).hexdigest()[:16]
            library = pathlib.Path(kept).resolve() / f"{key}.so"
            library.parent.mkdir(parents=True, exist_ok=True)
        if not library.exists():
            self.compile(text, qsat_opt, passes, march, objects, folder, library)
        if not load:
            return
        self.library = ctypes.CDLL(str(library))
        omp = library.parent / "libomp.so.5"
        self.omp = ctypes.CDLL(str(omp if omp.exists() else LLVM / "lib/libomp.so"))

    def compile(self, text, qsat_opt, passes, march, objects, folder, library):
        (folder / "in.mlir").write_text(text)
        run([os.path.abspath(qsat_opt), "in.mlir", *passes, "-o", "llvm.mlir"], folder)
        run([LLVM / "bin/mlir-translate", "--mlir-to-llvmir", "llvm.mlir", "-o", "k.ll"], folder)
        self.rewrite(folder / "k.ll")
        run([LLVM / "bin/clang", "-O3", "-shared", "-fPIC", "-Wno-override-module", "k.ll",
             *self.compile_arguments(march, objects), "-o", library, f"-L{LLVM}/lib", "-lomp", "-lm",
             f"-Wl,-rpath,$ORIGIN:{LLVM}/lib"], folder)

    def rewrite(self, path):
        """Changes the LLVM IR of the file before it is compiled."""

    def compile_arguments(self, march, objects):
        return [f"-march={march}", "-mprefer-vector-width=512", *map(str, objects)]

    def set_threads(self, count):
        self.omp.omp_set_num_threads(count)


class Module(Library):
    """qsat ops on memrefs; `module.call(name, arrays...)` calls a function of it.

    `options` are further ones of convert-qsat-to-loops.
    """

    def __init__(self, text, qsat_opt, cpu="host", load=True, options=""):
        passes = [f"--convert-qsat-to-loops=cpu={cpu} {options}".rstrip(), *PASSES]
        march = "native" if cpu == "host" else cpu
        super().__init__(text, qsat_opt, passes, march, runtime_of(qsat_opt), load)

    def bind(self, name, *arguments):
        """The function on these arrays and integers, for `measure` or a call without arguments."""
        function = getattr(self.library, f"_mlir_ciface_{name}")
        function.restype = None
        held = [describe(a) if isinstance(a, np.ndarray) else ctypes.c_int64(a) for a in arguments]
        passed = [ctypes.byref(h) if isinstance(h, ctypes.Structure) else h for h in held]

        def call(number=0, arrays=arguments):  # keeps the arrays alive: a descriptor does not
            function(*passed)

        return call

    def call(self, name, *arguments):
        self.bind(name, *arguments)()


class Model(Library):
    """A whole model on tensors: `model(arrays...)` calls its function `main`, which has one result.

    `options` are those of qsat-cpu-pipeline, `result` is the shape of the f32 result.
    """

    def __init__(self, text, qsat_opt, result, options=""):
        passes = ["--llvm-request-c-wrappers", f"--qsat-cpu-pipeline={options}"]
        super().__init__(text, qsat_opt, passes, objects=runtime_of(qsat_opt))
        self.result = result
        self.libc = ctypes.CDLL(None)
        self.libc.free.argtypes = [ctypes.c_void_p]

    def __call__(self, *arrays):
        """The result, a copy; bf16 arrays are uint16 bits."""
        out = describe(np.empty(self.result, np.float32))
        held = [describe(a) for a in arrays]
        self.library._mlir_ciface_main(ctypes.byref(out), *map(ctypes.byref, held))
        values = ctypes.cast(out.aligned, ctypes.POINTER(ctypes.c_float))
        copy = np.ctypeslib.as_array(values, tuple(self.result)).copy()
        self.libc.free(out.base)
        return copy
