"""Calls the sparse `attention` of a library twice."""

import ctypes
import sys

from qsat.compiled import Array, Library

library = Library(sys.argv[1])
arrays = [Array(place, (1, 8, 500, 128)) for place in (0x10000, 0x20000, 0x30000, 0x40000)]
for title in ("first", "again"):
    print(f"-- {title}", flush=True)
    try:
        library.attention(*arrays, stream=7)
    except RuntimeError as error:
        print("error:", error, flush=True)
    ctypes.CDLL(None).fflush(None)
print("-- end", flush=True)
