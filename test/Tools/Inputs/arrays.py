"""Writes and shows arrays for tests of qsat-run.

arrays.py write FILE NAME=DTYPE:SHAPE:VALUE...   an .npz (or .npy, one array); VALUE is a number, `iota`
                                                 (0, 1, 2, ...), or `fortran` (iota in Fortran order)
arrays.py show FILE                              name, dtype, shape and values of each array
"""

import sys

import numpy as np


def make(text: str) -> np.ndarray:
    dtype, shape, value = text.split(":")
    shape = tuple(int(s) for s in shape.split("x")) if shape else ()
    if value in ("iota", "fortran"):
        array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
        return np.asfortranarray(array) if value == "fortran" else array
    return np.full(shape, float(value)).astype(dtype)


def main() -> None:
    command, path, *rest = sys.argv[1:]
    if command == "write":
        arrays = {name: make(text) for name, text in (item.split("=") for item in rest)}
        if path.endswith(".npy"):
            np.save(path, *arrays.values())
        else:
            np.savez_compressed(path, **arrays) if "deflated" in path else np.savez(path, **arrays)
        return
    loaded = np.load(path)
    for name in getattr(loaded, "files", [None]):
        array = loaded if name is None else loaded[name]
        print(name or "array", array.dtype, list(array.shape), np.array2string(array.ravel(), separator=" ", threshold=64))


if __name__ == "__main__":
    main()
