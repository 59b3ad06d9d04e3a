"""Calls the `decode` of a library: again, with more keys, captured, and with rows that are not aligned."""

import ctypes
import sys

from qsat.compiled import Array, Library

library = Library(sys.argv[1])


def call(title, keys, stream=7, row=128):
    print(f"-- {title}", flush=True)
    q, o = Array(0x10000, (1, 8, 1, 128)), Array(0x40000, (1, 8, 1, 128))
    k = Array(0x20000, (1, 2, keys, 128), (keys * row, keys * row, row, 1))
    try:
        library.decode(q, k, k, o, stream=stream)
    except RuntimeError as error:
        print("error:", error, flush=True)
    ctypes.CDLL(None).fflush(None)


call("first", 32768)
call("again", 32768)
call("fewer keys", 100)
call("captured", 32768, stream=9)
call("not aligned", 32768, row=132)
print("-- end", flush=True)
