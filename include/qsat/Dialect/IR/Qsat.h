//===- Qsat.h - The qsat dialect --------------------------------*- C++ -*-===//

#ifndef QSAT_DIALECT_IR_QSAT_H
#define QSAT_DIALECT_IR_QSAT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/TilingInterface.h"

#include <optional>

#include "qsat/Dialect/IR/QsatDialect.h.inc"
#include "qsat/Dialect/IR/QsatEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "qsat/Dialect/IR/QsatAttributes.h.inc"

#define GET_OP_CLASSES
#include "qsat/Dialect/IR/QsatOps.h.inc"

#endif // QSAT_DIALECT_IR_QSAT_H
