// Builds a qsat.attention with the builder, prints it, and runs a pass pipeline
// that is named on the command line over the module. Finds an attention in linalg
// and tells its fields.

#include "qsat/Conversion/LinalgToQsat/AttentionMatch.h"
#include "qsat/InitAll.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
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

/// 4 heads of 8 queries and 12 keys.
static constexpr char decoder[] = R"(
func.func @decoder(%q: tensor<4x8x16xf32>, %kt: tensor<4x16x12xf32>, %v: tensor<4x12x16xf32>) -> tensor<4x8x16xf32> {
  %zero = arith.constant 0.0 : f32
  %se = tensor.empty() : tensor<4x8x12xf32>
  %oe = tensor.empty() : tensor<4x8x16xf32>
  %si = linalg.fill ins(%zero : f32) outs(%se : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  %oi = linalg.fill ins(%zero : f32) outs(%oe : tensor<4x8x16xf32>) -> tensor<4x8x16xf32>
  %s = linalg.batch_matmul ins(%q, %kt : tensor<4x8x16xf32>, tensor<4x16x12xf32>) outs(%si : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  %p = linalg.softmax dimension(2) ins(%s : tensor<4x8x12xf32>) outs(%se : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  %o = linalg.batch_matmul ins(%p, %v : tensor<4x8x12xf32>, tensor<4x12x16xf32>) outs(%oi : tensor<4x8x16xf32>) -> tensor<4x8x16xf32>
  return %o : tensor<4x8x16xf32>
})";

/// Prints the attentions of `function`, and for every product that ends none, why.
static void describe(func::FuncOp function) {
  qsat::raise::AttentionFinder finder(function);
  for (Operation *op : finder.candidates()) {
    FailureOr<qsat::raise::AttentionMatch> match = finder.match(op);
    if (failed(match)) {
      llvm::outs() << "none: " << finder.reason() << "\n";
      continue;
    }
    llvm::outs() << "found: " << match->shape.heads << " heads, " << match->shape.queries
                 << " queries, " << match->shape.keys << " keys; scale " << match->scale
                 << "; queries are argument "
                 << cast<BlockArgument>(tensorOf(match->q)).getArgNumber() << "\n";
  }
}

int main(int argc, char **argv) {
  DialectRegistry registry;
  registry.insert<func::FuncDialect, linalg::LinalgDialect>();
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

  context.loadDialect<linalg::LinalgDialect>();
  OwningOpRef<ModuleOp> linalg = parseSourceString<ModuleOp>(decoder, &context);
  if (!linalg)
    return 1;
  linalg->walk(describe);
  return 0;
}
