//===- Transpose.h - Transposes registers -----------------------*- C++ -*-===//

#ifndef QSAT_CONVERSION_QSATTOLOOPS_TRANSPOSE_H
#define QSAT_CONVERSION_QSATTOLOOPS_TRANSPOSE_H

#include "KernelBuilder.h"

namespace qsat {

/// Transposes `rows`, as many vectors as lanes: lane c of row r becomes lane r of row c.
KernelBuilder::Values transpose(KernelBuilder &kb, KernelBuilder::Values rows);

} // namespace qsat

#endif // QSAT_CONVERSION_QSATTOLOOPS_TRANSPOSE_H
