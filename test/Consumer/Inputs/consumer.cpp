// Builds a qsat.attention with the builder, prints it, and runs a pass pipeline
// that is named on the command line over the module.

#include "qsat/InitAll.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

/// func.func @f(q, k, v, init) with one causal attention: 8 query heads over 2
/// key/value heads, 64 rows, width 32, f32.
static OwningOpRef<ModuleOp> buildModule(MLIRContext &context) {
  OpBuilder b(&context);
  Location loc = b.getUnknownLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  b.setInsertionPointToStart(module->getBody());
  Type query = RankedTensorType::get({1, 8, 64, 32}, b.getF32Type());
  Type key = RankedTensorType::get({1, 2, 64, 32}, b.getF32Type());
  auto func = func::FuncOp::create(
      b, loc, "f", b.getFunctionType({query, key, key, query}, {query}));
  Block *entry = func.addEntryBlock();
  b.setInsertionPointToStart(entry);
  auto attention = qsat::AttentionOp::create(
      b, loc, TypeRange{query}, entry->getArgument(0), entry->getArgument(1),
      entry->getArgument(2), /*extras=*/ValueRange{}, /*position=*/ValueRange{},
      ValueRange{entry->getArgument(3)}, b.getF64FloatAttr(0.125),
      qsat::MaskAttr::getCausal(&context), b.getAffineMapArrayAttr({}));
  func::ReturnOp::create(b, loc, attention.getResults());
  return module;
}

int main(int argc, char **argv) {
  DialectRegistry registry;
  registry.insert<func::FuncDialect>();
  qsat::registerAllDialects(registry);
  qsat::registerAllPasses();
  registerCanonicalizerPass();
  MLIRContext context(registry);
  context.loadDialect<func::FuncDialect, qsat::QsatDialect>();

  OwningOpRef<ModuleOp> module = buildModule(context);
  if (failed(verify(*module)))
    return 1;
  PassManager pm(&context);
  if (argc > 1 && failed(parsePassPipeline(argv[1], pm)))
    return 1;
  if (failed(pm.run(*module)))
    return 1;
  module->print(llvm::outs());
  return 0;
}
