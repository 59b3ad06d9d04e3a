"""Calls the function `attention` of a library: once, again, on another stream, captured, wrongly."""

import ctypes
import sys

from qsat.compiled import Array, Library

library = Library(sys.argv[1])
q = Array(0x10000, (2, 8, 500, 128))
k = Array(0x20000, (2, 2, 700, 128), (2 * 700 * 256, 128, 256, 1))  # rows of both heads side by side
o, lse = Array(0x30000, (2, 8, 500, 128)), Array(0x40000, (2, 8, 500))


def call(title, *arguments, stream=7):
    print(f"-- {title}", flush=True)
    try:
        library.attention(*arguments, stream=stream)
    except (RuntimeError, TypeError) as error:
        print("error:", error, flush=True)
    ctypes.CDLL(None).fflush(None)


call("first", q, k, k, o, lse)
call("again", q, k, k, o, lse)
call("another stream", q, k, k, o, lse, stream=8)
call("captured", q, k, k, o, lse, stream=9)
call("no rows", Array(0, (2, 8, 0, 128)), k, k, Array(0, (2, 8, 0, 128)), Array(0, (2, 8, 0)))
call("no keys", q, Array(0, (2, 2, 0, 128)), Array(0, (2, 2, 0, 128)), o, lse)
call("wrong extent", Array(1, (2, 8, 500, 64)), k, k, o, lse)
call("wrong stride", q, k, k, o, Array(1, (2, 8, 500), (1, 1, 1)))
call("null", Array(0, (2, 8, 500, 128)), k, k, o, lse)
call("wrong rank", q, k, k, o, q)
call("wrong number", q, k)
