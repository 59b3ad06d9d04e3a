//===- QsatTransformOps.cpp - qsat in the transform dialect ---------------===//

#include "qsat/Dialect/TransformOps/QsatTransformOps.h"

#include "qsat/Conversion/LinalgToQsat/AttentionMatch.h"
#include "qsat/Dialect/IR/Qsat.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace qsat::raise;

#define GET_OP_CLASSES
#include "qsat/Dialect/TransformOps/QsatTransformOps.cpp.inc"

static MatchOptions optionsOf(bool allowUnshifted, bool ignoreHiddenRows) {
  MatchOptions options;
  options.allowUnshifted = allowUnshifted;
  options.ignoreHiddenRows = ignoreHiddenRows;
  return options;
}

/// Why `payload` is no attention, as a note there.
static void explain(DiagnosedSilenceableFailure &diag, Operation *payload, StringRef reason) {
  diag.attachNote(payload->getLoc())
      << (reason.empty() ? "nothing in this payload op resembles attention" : reason);
}

/// The functions that `payload` is or holds.
static SmallVector<FunctionOpInterface> functionsIn(Operation *payload) {
  SmallVector<FunctionOpInterface> functions;
  payload->walk([&](FunctionOpInterface function) { functions.push_back(function); });
  return functions;
}

//===----------------------------------------------------------------------===//
// transform.qsat.raise_attention
//===----------------------------------------------------------------------===//

namespace {
/// Finds attentions below payload, with one finder for each function.
class PayloadRaiser {
public:
  explicit PayloadRaiser(MatchOptions options) : options(options) {}

  /// The ops in which the attentions of `payload` end; none is a failure of `op`.
  DiagnosedSilenceableFailure find(transform::TransformOpInterface op, Operation *payload,
                                   SmallVectorImpl<Operation *> &ends);
  FailureOr<AttentionMatch> match(Operation *end) {
    return finderOf(end->getParentOfType<FunctionOpInterface>()).match(end);
  }

private:
  AttentionFinder &finderOf(FunctionOpInterface function) {
    std::unique_ptr<AttentionFinder> &finder = finders[function];
    if (!finder)
      finder = std::make_unique<AttentionFinder>(function, options);
    return *finder;
  }

  MatchOptions options;
  llvm::DenseMap<Operation *, std::unique_ptr<AttentionFinder>> finders;
};
} // namespace

DiagnosedSilenceableFailure PayloadRaiser::find(transform::TransformOpInterface op,
                                                Operation *payload,
                                                SmallVectorImpl<Operation *> &ends) {
  SmallVector<FunctionOpInterface> functions = functionsIn(payload);
  if (functions.empty()) {
    auto function = payload->getParentOfType<FunctionOpInterface>();
    if (!function)
      return op.emitSilenceableError()
             << "expected payload in a function, but got '" << payload->getName() << "'";
    AttentionFinder &finder = finderOf(function);
    if (failed(finder.match(payload))) {
      auto diag = op.emitSilenceableError() << "expected payload in which an attention ends";
      explain(diag, payload, finder.reason());
      return diag;
    }
    ends.push_back(payload);
    return DiagnosedSilenceableFailure::success();
  }
  size_t before = ends.size();
  SmallVector<std::pair<Operation *, std::string>> misses;
  for (FunctionOpInterface function : functions) {
    AttentionFinder &finder = finderOf(function);
    for (Operation *end : finder.candidates())
      if (succeeded(finder.match(end)))
        ends.push_back(end);
      else if (!finder.reason().empty())
        misses.push_back({end, finder.reason().str()});
  }
  if (ends.size() > before)
    return DiagnosedSilenceableFailure::success();
  auto diag = op.emitSilenceableError() << "expected payload that holds an attention";
  if (misses.empty())
    explain(diag, payload, "");
  for (auto &[end, reason] : misses)
    explain(diag, end, reason);
  return diag;
}

DiagnosedSilenceableFailure
transform::RaiseAttentionOp::apply(transform::TransformRewriter &rewriter,
                                   transform::TransformResults &results,
                                   transform::TransformState &state) {
  PayloadRaiser raiser(optionsOf(getAllowUnshiftedSoftmax(), getIgnoreHiddenRows()));
  // All are found before the first is rewritten, so that a failure changes nothing.
  SmallVector<Operation *> ends, attentions;
  for (Operation *payload : state.getPayloadOps(getTarget())) {
    DiagnosedSilenceableFailure found =
        raiser.find(cast<TransformOpInterface>(getOperation()), payload, ends);
    if (!found.succeeded())
      return found;
  }
  // Matched again, since the operands of one may be the result of another.
  for (Operation *end : llvm::SetVector<Operation *>(ends.begin(), ends.end())) {
    FailureOr<AttentionMatch> match = raiser.match(end);
    if (failed(match))
      return emitDefiniteFailure() << "an attention is none after another was raised";
    attentions.push_back(AttentionFinder::raise(rewriter, *match));
  }
  results.set(cast<OpResult>(getAttentions()), attentions);
  return DiagnosedSilenceableFailure::success();
}

void transform::RaiseAttentionOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  onlyReadsHandle(getTargetMutable(), effects);
  producesHandle(getOperation()->getOpResults(), effects);
  modifiesPayload(effects);
}

//===----------------------------------------------------------------------===//
// transform.match.qsat.attention
//===----------------------------------------------------------------------===//

DiagnosedSilenceableFailure
transform::MatchAttentionOp::matchOperation(Operation *current, transform::TransformResults &,
                                            transform::TransformState &) {
  auto function = current->getParentOfType<FunctionOpInterface>();
  if (!function)
    return emitSilenceableError()
           << "expected payload in a function, but got '" << current->getName() << "'";
  std::string reason;
  // A matcher is asked about every op of a module: a finder reads the function and is made last.
  if (AttentionFinder::isCandidate(current)) {
    AttentionFinder finder(function, optionsOf(getAllowUnshiftedSoftmax(), getIgnoreHiddenRows()));
    if (succeeded(finder.match(current)))
      return DiagnosedSilenceableFailure::success();
    reason = finder.reason().str();
  }
  auto diag = emitSilenceableError() << "expected payload in which an attention ends";
  explain(diag, current, reason);
  return diag;
}

//===----------------------------------------------------------------------===//
// Registration
//===----------------------------------------------------------------------===//

namespace {
class QsatTransformExtension
    : public transform::TransformDialectExtension<QsatTransformExtension> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(QsatTransformExtension)

  using Base::Base;

  void init() {
    declareGeneratedDialect<affine::AffineDialect>();
    declareGeneratedDialect<arith::ArithDialect>();
    declareGeneratedDialect<linalg::LinalgDialect>();
    declareGeneratedDialect<math::MathDialect>();
    declareGeneratedDialect<tensor::TensorDialect>();
    declareGeneratedDialect<qsat::QsatDialect>();
    registerTransformOps<
#define GET_OP_LIST
#include "qsat/Dialect/TransformOps/QsatTransformOps.cpp.inc"
        >();
  }
};
} // namespace

void qsat::registerTransformDialectExtension(DialectRegistry &registry) {
  registry.addExtensions<QsatTransformExtension>();
}
