//===- Threads.cpp - How many threads parallel loops have -----------------===//

#include "qsat/Runtime/Runtime.h"

/// Null in a process without OpenMP, which the runtime does not need.
extern "C" int omp_get_max_threads() __attribute__((weak));

int32_t qsat_max_threads() { return omp_get_max_threads ? omp_get_max_threads() : 1; }
