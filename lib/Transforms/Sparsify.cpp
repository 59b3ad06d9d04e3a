//===- Sparsify.cpp - Dense attention to score + select + sparse ----------===//

#include "qsat/Transforms/Passes.h"

#include "SparsifyCostModel.h"
#include "qsat/Dialect/IR/Qsat.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/ToolOutputFile.h"

#include <cmath>

namespace qsat {
#define GEN_PASS_DEF_SPARSIFYPASS
#include "qsat/Transforms/Passes.h.inc"
} // namespace qsat

using namespace mlir;
using namespace qsat;

/// Dynamic contexts beyond this are not expected when looking for break-even.
static constexpr int64_t kLongestContext = 1 << 20;

namespace {

/// What was decided for one attention.
struct Decision {
  bool sparse = false;
  std::string reason;
  SparsifyEstimate estimate{0, 1, 0, 1};
  /// Fewest keys for the sparse form, where their number is dynamic.
  int64_t leastKeys = 0;
};

/// The options of the pass, checked and with names resolved.
struct Settings {
  Policy policy;
  Estimator estimator;
  Background background;
  double theta, alpha;
  int64_t stride;
};

} // namespace

/// True when several query heads read one key/value head, so that they can share lists.
static bool hasGroups(AttentionOp op) {
  auto heads = [](Value value) { return cast<ShapedType>(value.getType()).getDimSize(1); };
  return heads(op.getQ()) != heads(op.getK());
}

static OpFoldResult blockCount(OpBuilder &b, Location loc, OpFoldResult extent, int64_t block) {
  AffineExpr s = b.getAffineSymbolExpr(0);
  return affine::makeComposedFoldedAffineApply(b, loc, AffineMap::get(0, 1, s.ceilDiv(block)),
                                               {extent});
}

namespace {
struct SparsifyPass : qsat::impl::SparsifyPassBase<SparsifyPass> {
  using SparsifyPassBase::SparsifyPassBase;

  void runOnOperation() final {
    FailureOr<Settings> settings = checkOptions();
    if (failed(settings))
      return signalPassFailure();
    SmallVector<AttentionOp> ops;
    getOperation().walk([&](AttentionOp op) { ops.push_back(op); });
    llvm::json::Array decisions;
    for (AttentionOp op : ops) {
      Decision decision = decide(op, *settings);
      remark(op, decision);
      decisions.push_back(toJSON(op, decision));
      ++(decision.sparse ? numSparsified : numKeptDense);
      if (decision.sparse)
        rewrite(op, *settings, decision.leastKeys);
    }
    if (!report.empty() && failed(writeReport(std::move(decisions))))
      signalPassFailure();
  }

private:
  FailureOr<Settings> checkOptions();
  Decision decide(AttentionOp op, const Settings &settings);
  void rewrite(AttentionOp op, const Settings &settings, int64_t leastKeys);
  SmallVector<Value> buildSparse(OpBuilder &b, AttentionOp op, const Settings &settings);
  AmplifiedSelectOp buildSelect(OpBuilder &b, AttentionOp op, AmplitudeScoreOp score, const Settings &settings,
                                bool shared);
  void buildAudit(OpBuilder &b, AttentionOp op, SparseAttentionOp sparse);
  void buildOverlap(OpBuilder &b, AttentionOp op, AmplitudeScoreOp score, const Settings &settings);
  void remark(AttentionOp op, const Decision &decision);
  llvm::json::Object toJSON(AttentionOp op, const Decision &decision);
  LogicalResult writeReport(llvm::json::Array decisions);
};
} // namespace

FailureOr<Settings> SparsifyPass::checkOptions() {
  ModuleOp module = getOperation();
  auto bad = [&](const Twine &message) -> FailureOr<Settings> {
    emitError(module.getLoc()) << "qsat-sparsify: " << message;
    return failure();
  };
  if (!(density >= 0 && density <= 1))
    return bad(llvm::formatv("expected 0 <= density <= 1, but got {0}", double(density)).str());
  std::string policyName = policy;
  if (policyName.empty())
    policyName = density > 0 ? "budget" : "threshold";
  std::optional<Policy> p = symbolizePolicy(policyName);
  if (!p)
    return bad("unknown policy '" + policyName + "'");
  if (*p == Policy::Residual)
    return bad("policy residual needs a spread operand, which this pass does not compute");
  std::optional<Estimator> e = symbolizeEstimator(estimator);
  if (!e)
    return bad("unknown estimator '" + estimator + "'");
  std::optional<Background> g = symbolizeBackground(background);
  if (!g)
    return bad("unknown background '" + background + "'");
  if (*p == Policy::Budget && density <= 0)
    return bad("policy budget needs density > 0");
  bool counts = llvm::is_contained({Policy::TopK, Policy::HeavyHitter, Policy::Measure}, *p);
  if (counts && topK <= 0)
    return bad("policy " + policyName + " needs k >= 1, but got " + Twine(topK));
  if (blockM <= 0 || blockN <= 0 || stride < 0 || sinks < 0 || local < 0)
    return bad("expected positive block-m and block-n, and stride, sinks and local >= 0");
  if (!(share > 0 && share <= 1))
    return bad(llvm::formatv("expected 0 < share <= 1, but got {0}", double(share)).str());
  if (!(exponent >= 0 && exponent <= 1))
    return bad(llvm::formatv("expected 0 <= exponent <= 1, but got {0}", double(exponent)).str());
  if (!(auditShare >= 0 && auditShare <= 1))
    return bad(
        llvm::formatv("expected 0 <= audit-share <= 1, but got {0}", double(auditShare)).str());
  if (int8 && *e != Estimator::Rows)
    return bad("expected int8 with estimator rows, but got estimator " + estimator);
  QualityRule rule = getRule(quality, int8);
  int64_t rows = stride > 0 ? int64_t(stride) : rule.stride;
  if (*e == Estimator::Antidiagonal && (blockM % rows != 0 || blockN % rows != 0))
    return bad("expected stride to divide block-m and block-n with estimator antidiagonal");
  double t = theta >= 0 ? double(theta) : rule.theta;
  if (*p == Policy::LogitThreshold)
    t = theta;
  return Settings{*p, *e, *g, t, density > 0 ? double(density) : 1.0, rows};
}

Decision SparsifyPass::decide(AttentionOp op, const Settings &settings) {
  Decision d;
  auto keep = [&](const Twine &why) {
    d.reason = why.str();
    return d;
  };
  if (quality == Quality::Exact && density == 0 && policy.empty() && theta < 0)
    return keep("quality=exact keeps attention dense");
  if (int8 && op.getAccType().isF64())
    return keep("its elements are f64, which are not scored in 8 bits: leave int8 out");
  if (op.getNumResults() == 0)
    return keep("it works on memrefs: run qsat-sparsify before bufferization");
  if (op.hasScoreRegion() &&
      !llvm::is_contained({Estimator::Exact, Estimator::Rows, Estimator::Antidiagonal},
                          settings.estimator))
    return keep("its score region cannot be seen by estimator " + estimator +
                ": use rows, exact or antidiagonal");
  if (op.hasScoreRegion() && settings.background != Background::None)
    return keep("its score region does not go with background " + background +
                ": use background=none");
  auto q = cast<RankedTensorType>(op.getQ().getType());
  auto k = cast<RankedTensorType>(op.getK().getType());
  auto v = cast<RankedTensorType>(op.getV().getType());
  int64_t queries = q.getDimSize(2), keys = k.getDimSize(2);
  auto estimateFor = [&](int64_t m, int64_t n) {
    return estimateSparsify({m, n, q.isDynamicDim(3) ? 64 : q.getDimSize(3),
                             v.isDynamicDim(3) ? 64 : v.getDimSize(3), op.getMaskAttr(), blockM,
                             blockN, settings.estimator, settings.stride, share, settings.policy,
                             settings.theta, settings.alpha, exponent, topK, 1 + local + sinks});
  };
  bool dynamicQueries = ShapedType::isDynamic(queries);
  if (ShapedType::isDynamic(keys)) {
    // Find the context from which on it pays; it is compared at run time. A
    // dynamic number of queries is taken to be that of the keys.
    for (int64_t n = std::max<int64_t>(minKeys, 1); n <= kLongestContext; n *= 2) {
      d.leastKeys = n;
      d.estimate = estimateFor(dynamicQueries ? n : queries, n);
      if (d.estimate.mostVisibleKeys >= minKeys && d.estimate.speedup >= minSpeedup)
        break;
    }
  } else {
    d.estimate = estimateFor(dynamicQueries ? keys : queries, keys);
  }
  if (d.estimate.mostVisibleKeys < minKeys)
    return keep("no row sees more than " + Twine(d.estimate.mostVisibleKeys) +
                " keys, fewer than min-keys=" + Twine(minKeys));
  if (d.estimate.speedup < minSpeedup)
    return keep("the expected speed-up " + llvm::formatv("{0:f2}", d.estimate.speedup).str() +
                " is below min-speedup=" + llvm::formatv("{0:f2}", double(minSpeedup)).str());
  d.sparse = true;
  d.reason = llvm::formatv("expected density {0:f3}, scoring {1:f3} of dense, speed-up {2:f2}",
                           d.estimate.density, d.estimate.scoreShare, d.estimate.speedup)
                 .str();
  if (d.leastKeys)
    d.reason += llvm::formatv(" from {0} keys on, decided at run time", d.leastKeys).str();
  return d;
}

/// Copies the score region of `op` into the empty region `to`.
static void cloneScoreRegion(AttentionOp op, Region &to) {
  IRMapping mapping;
  op.getScore().cloneInto(&to, mapping);
}

SmallVector<Value> SparsifyPass::buildSparse(OpBuilder &b, AttentionOp op,
                                             const Settings &settings) {
  Location loc = op.getLoc();
  Type f32 = b.getF32Type();
  SmallVector<OpFoldResult> qDims = tensor::getMixedSizes(b, loc, op.getQ());
  OpFoldResult queryBlocks = blockCount(b, loc, qDims[2], blockM);
  OpFoldResult keyBlocks =
      blockCount(b, loc, tensor::getMixedSize(b, loc, op.getK(), 2), blockN);
  auto empty = [&](ArrayRef<OpFoldResult> dims, Type type) -> Value {
    return tensor::EmptyOp::create(b, loc, dims, type);
  };

  // amplitude [B,H,Mb,Nb]; its lse only where the policy asks for it.
  SmallVector<Value> scoreInits{empty({qDims[0], qDims[1], queryBlocks, keyBlocks}, f32)};
  if (settings.policy == Policy::LogitThreshold)
    scoreInits.push_back(empty({qDims[0], qDims[1], queryBlocks}, f32));
  auto score = AmplitudeScoreOp::create(
      b, loc, ValueRange(scoreInits).getTypes(), op.getQ(), op.getK(), op.getExtras(),
      op.getPosition(), scoreInits, op.getScaleAttr(), op.getMaskAttr(), op.getExtraMapsAttr(),
      EstimatorAttr::get(b.getContext(), settings.estimator), b.getI64IntegerAttr(blockM),
      b.getI64IntegerAttr(blockN), b.getI64IntegerAttr(settings.stride), b.getF64FloatAttr(share),
      int8 ? b.getUnitAttr() : UnitAttr());
  cloneScoreRegion(op, score.getScore());

  AmplifiedSelectOp select = buildSelect(b, op, score, settings, entangle && hasGroups(op));
  SmallVector<Value> inits(op.getInits());
  if (inits.size() == 1)
    inits.push_back(empty({qDims[0], qDims[1], qDims[2]}, op.getAccType()));
  auto sparse = SparseAttentionOp::create(
      b, loc, ValueRange(inits).getTypes(), op.getQ(), op.getK(), op.getV(), select.getResult(0),
      select.getResult(1), op.getExtras(), op.getPosition(), inits, op.getScaleAttr(),
      op.getMaskAttr(), op.getExtraMapsAttr(), b.getI64IntegerAttr(blockM),
      b.getI64IntegerAttr(blockN), BackgroundAttr::get(b.getContext(), settings.background),
      b.getF64FloatAttr(0.0), /*amplification=*/AmplificationAttr());
  cloneScoreRegion(op, sparse.getScore());
  if (audit)
    buildAudit(b, op, sparse);
  if (audit && hasGroups(op))
    buildOverlap(b, op, score, settings);
  return SmallVector<Value>(sparse.getResults().take_front(op.getNumResults()));
}

/// Lists for the amplitudes of `score`: one for each query head or, if `shared`, for each
/// key/value head.
AmplifiedSelectOp SparsifyPass::buildSelect(OpBuilder &b, AttentionOp op, AmplitudeScoreOp score,
                                            const Settings &settings, bool shared) {
  Location loc = op.getLoc();
  // indices [B,Hs,Mb,Nb], counts, mass, queries [B,Hs,Mb].
  SmallVector<OpFoldResult> listDims = tensor::getMixedSizes(b, loc, score.getAmplitude());
  listDims[1] = tensor::getMixedSize(b, loc, shared ? op.getK() : op.getQ(), 1);
  SmallVector<OpFoldResult> rowDims(ArrayRef(listDims).drop_back());
  SmallVector<Value> inits{tensor::EmptyOp::create(b, loc, listDims, b.getI32Type())};
  for (Type type : {Type(b.getI32Type()), Type(b.getF32Type()), Type(b.getF32Type())})
    inits.push_back(tensor::EmptyOp::create(b, loc, rowDims, type));
  return AmplifiedSelectOp::create(
      b, loc, ValueRange(inits).getTypes(), score.getResult(0),
      score.getNumResults() > 1 ? score.getResult(1) : Value(), /*spread=*/Value(),
      op.getPosition(), inits, op.getMaskAttr(), PolicyAttr::get(b.getContext(), settings.policy),
      b.getI64IntegerAttr(blockM), b.getI64IntegerAttr(blockN), b.getF64FloatAttr(settings.theta),
      b.getI64IntegerAttr(topK), b.getF64FloatAttr(settings.alpha), b.getF64FloatAttr(exponent),
      b.getI64IntegerAttr(seed), b.getI64IntegerAttr(sinks), b.getI64IntegerAttr(local),
      /*no_diagonal=*/UnitAttr(), shared ? b.getUnitAttr() : UnitAttr(),
      /*iterations=*/AmplificationAttr(), /*record=*/UnitAttr());
}

/// Evidence about sharing lists: how far the heads of a group agree, and what the lists
/// that are not used, those of the groups or of the heads, would have held.
void SparsifyPass::buildOverlap(OpBuilder &b, AttentionOp op, AmplitudeScoreOp score, const Settings &settings) {
  Location loc = op.getLoc();
  buildSelect(b, op, score, settings, /*shared=*/!entangle).setRecord(true);
  SmallVector<OpFoldResult> dims = tensor::getMixedSizes(b, loc, score.getAmplitude());
  AffineExpr heads = b.getAffineSymbolExpr(0), kvHeads = b.getAffineSymbolExpr(1);
  dims[3] = affine::makeComposedFoldedAffineApply(b, loc, AffineMap::get(0, 2, heads.floorDiv(kvHeads)),
                                                  {dims[1], tensor::getMixedSize(b, loc, op.getK(), 1)});
  Value init = tensor::EmptyOp::create(b, loc, dims, b.getF32Type());
  OverlapOp::create(b, loc, init.getType(), score.getResult(0), init, b.getUnitAttr());
}

/// Evidence about `sparse`, which stands in for `op`: nothing reads it but the report
/// of the run.
void SparsifyPass::buildAudit(OpBuilder &b, AttentionOp op, SparseAttentionOp sparse) {
  Location loc = op.getLoc();
  // By default strata are the query blocks, at whose first rows the lists change, or as
  // many of them as make 128 rows: an audit of 1/64 of the rows costs 2 % of dense.
  double share = auditShare > 0 ? double(auditShare) : std::min(1.0, 2.0 / std::max<int64_t>(blockM, 128));
  int64_t stratum = static_cast<int64_t>(std::rint(2.0 / share));
  SmallVector<OpFoldResult> dims = tensor::getMixedSizes(b, loc, op.getQ());
  OpFoldResult strata = blockCount(b, loc, dims[2], stratum);
  SmallVector<Value> inits; // error, norm, kept [B,H,T,2]
  for (int i = 0; i < 3; ++i)
    inits.push_back(
        tensor::EmptyOp::create(b, loc, {dims[0], dims[1], strata, b.getIndexAttr(2)}, b.getF32Type()));
  auto evidence = AuditOp::create(
      b, loc, ValueRange(inits).getTypes(), op.getQ(), op.getK(), op.getV(), sparse.getResult(0),
      sparse.getResult(1), op.getExtras(), op.getPosition(), inits, op.getScaleAttr(),
      op.getMaskAttr(), op.getExtraMapsAttr(), b.getF64FloatAttr(share),
      b.getI64IntegerAttr(seed), b.getUnitAttr());
  cloneScoreRegion(op, evidence.getScore());
}

void SparsifyPass::rewrite(AttentionOp op, const Settings &settings, int64_t leastKeys) {
  OpBuilder b(op);
  if (leastKeys == 0) {
    op.getResults().replaceAllUsesWith(buildSparse(b, op, settings));
    op.erase();
    return;
  }
  // The number of keys is known at run time only: decide there.
  Location loc = op.getLoc();
  Value n = tensor::DimOp::create(b, loc, op.getK(), 2);
  Value least = arith::ConstantIndexOp::create(b, loc, leastKeys);
  Value pays = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, n, least);
  auto branch = scf::IfOp::create(
      b, loc, pays,
      [&](OpBuilder &nested, Location) {
        scf::YieldOp::create(nested, loc, buildSparse(nested, op, settings));
      },
      [&](OpBuilder &nested, Location) {
        Operation *dense = nested.clone(*op);
        scf::YieldOp::create(nested, loc, dense->getResults());
      });
  op.getResults().replaceAllUsesWith(branch.getResults());
  op.erase();
}

void SparsifyPass::remark(AttentionOp op, const Decision &decision) {
  auto opts = remark::RemarkOpts::name("sparsify").category("qsat");
  if (auto function = op->getParentOfType<FunctionOpInterface>())
    opts = opts.function(function.getName());
  if (decision.sparse)
    remark::passed(op.getLoc(), opts) << "made attention sparse: " << decision.reason;
  else
    remark::missed(op.getLoc(), opts)
        << "left attention dense" << remark::reason("{0}", decision.reason);
}

llvm::json::Object SparsifyPass::toJSON(AttentionOp op, const Decision &decision) {
  std::string location, q, k;
  llvm::raw_string_ostream(location) << op.getLoc();
  llvm::raw_string_ostream(q) << op.getQ().getType();
  llvm::raw_string_ostream(k) << op.getK().getType();
  return llvm::json::Object{{"location", location},
                            {"q", q},
                            {"k", k},
                            {"sparse", decision.sparse},
                            {"reason", decision.reason},
                            {"expected_density", decision.estimate.density},
                            {"expected_scoring_share", decision.estimate.scoreShare},
                            {"expected_speedup", decision.estimate.speedup}};
}

LogicalResult SparsifyPass::writeReport(llvm::json::Array decisions) {
  std::string error;
  std::unique_ptr<llvm::ToolOutputFile> file = openOutputFile(report, &error);
  if (!file)
    return emitError(getOperation().getLoc()) << "qsat-sparsify: cannot write report: " << error;
  llvm::json::Object root{{"attentions", std::move(decisions)}};
  file->os() << llvm::formatv("{0:2}", llvm::json::Value(std::move(root))) << "\n";
  file->keep();
  return success();
}
