"""Programs made up to test the recognition of attention.

``ir``         a small model of MLIR functions on tensors, and their text
``builder``    tensors with named axes: the same computation in many layouts
``recipe``     what an attention computes, and its numbers in numpy
``spellings``  many ways to write one recipe as linalg
``mutations``  changes to a program that may or may not leave it an attention
``execute``    compiles and runs many small functions at once
``tosa``       the same operations in TOSA
``spelling_check``, ``near_miss_check``  spellings are found, and nothing else is
``fuzz``       runs the two checks on as many programs as asked for
``same_numbers``  compares programs from files with what raising makes of them
"""
