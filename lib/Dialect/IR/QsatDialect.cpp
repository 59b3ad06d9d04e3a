//===- QsatDialect.cpp - Dialect registration -----------------------------===//

#include "qsat/Dialect/IR/Qsat.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Transforms/InliningUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qsat;

#include "qsat/Dialect/IR/QsatDialect.cpp.inc"
#include "qsat/Dialect/IR/QsatEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "qsat/Dialect/IR/QsatAttributes.cpp.inc"

namespace {
/// Score regions hold ordinary scalar ops: anything may be inlined with them.
struct QsatInliner : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const final {
    return true;
  }
  bool isLegalToInline(Region *, Region *, bool, IRMapping &) const final {
    return true;
  }
};
} // namespace

void QsatDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "qsat/Dialect/IR/QsatAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "qsat/Dialect/IR/QsatOps.cpp.inc"
      >();
  addInterfaces<QsatInliner>();
}
