//===- KernelBuilder.cpp - Builds CPU kernels -----------------------------===//

#include "KernelBuilder.h"

#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

//===----------------------------------------------------------------------===//
// Index arithmetic
//===----------------------------------------------------------------------===//

Value KernelBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(*this, getLoc(), value);
}
Value KernelBuilder::add(Value a, Value b) { return createOrFold<arith::AddIOp>(a, b); }
Value KernelBuilder::sub(Value a, Value b) { return createOrFold<arith::SubIOp>(a, b); }
Value KernelBuilder::mul(Value a, Value b) { return createOrFold<arith::MulIOp>(a, b); }
Value KernelBuilder::div(Value a, Value b) { return createOrFold<arith::DivUIOp>(a, b); }
Value KernelBuilder::rem(Value a, Value b) { return createOrFold<arith::RemUIOp>(a, b); }
Value KernelBuilder::min(Value a, Value b) { return createOrFold<arith::MinSIOp>(a, b); }
Value KernelBuilder::max(Value a, Value b) { return createOrFold<arith::MaxSIOp>(a, b); }
Value KernelBuilder::cmp(arith::CmpIPredicate predicate, Value a, Value b) {
  return createOrFold<arith::CmpIOp>(predicate, a, b);
}
Value KernelBuilder::both(Value a, Value b) { return createOrFold<arith::AndIOp>(a, b); }
Value KernelBuilder::either(Value a, Value b) { return createOrFold<arith::OrIOp>(a, b); }
Value KernelBuilder::toIndex(Value integer) {
  return createOrFold<arith::IndexCastOp>(getIndexType(), integer);
}
Value KernelBuilder::toI32(Value index) {
  return createOrFold<arith::IndexCastOp>(getI32Type(), index);
}
Value KernelBuilder::dim(Value memref, int64_t dim) {
  auto type = cast<MemRefType>(memref.getType());
  if (!type.isDynamicDim(dim))
    return index(type.getDimSize(dim));
  return memref::DimOp::create(*this, getLoc(), memref, dim);
}

//===----------------------------------------------------------------------===//
// Floating point
//===----------------------------------------------------------------------===//

Value KernelBuilder::constant(Type type, double value) {
  TypedAttr attr;
  if (auto vector = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(vector, getFloatAttr(vector.getElementType(), value));
  else
    attr = getFloatAttr(type, value);
  return arith::ConstantOp::create(*this, getLoc(), attr);
}
Value KernelBuilder::addf(Value a, Value b) { return arith::AddFOp::create(*this, getLoc(), a, b); }
Value KernelBuilder::subf(Value a, Value b) { return arith::SubFOp::create(*this, getLoc(), a, b); }
Value KernelBuilder::mulf(Value a, Value b) { return arith::MulFOp::create(*this, getLoc(), a, b); }
Value KernelBuilder::negf(Value a) { return arith::NegFOp::create(*this, getLoc(), a); }
Value KernelBuilder::divf(Value a, Value b) { return arith::DivFOp::create(*this, getLoc(), a, b); }
Value KernelBuilder::fma(Value a, Value b, Value c) {
  if (!target.hasFMA) // LLVM would call the library
    return addf(mulf(a, b), c);
  if (isa<VectorType>(a.getType()))
    return vector::FMAOp::create(*this, getLoc(), a, b, c);
  return math::FmaOp::create(*this, getLoc(), a, b, c);
}
Value KernelBuilder::cmpf(arith::CmpFPredicate predicate, Value a, Value b) {
  return arith::CmpFOp::create(*this, getLoc(), predicate, a, b);
}
Value KernelBuilder::select(Value condition, Value a, Value b) {
  return arith::SelectOp::create(*this, getLoc(), condition, a, b);
}
Value KernelBuilder::maxf(Value a, Value b) {
  return select(cmpf(arith::CmpFPredicate::OGT, a, b), a, b);
}

Value KernelBuilder::ceil(Value x) {
  return target.hasRounding ? math::CeilOp::create(*this, getLoc(), x).getResult() : x;
}

Type KernelBuilder::withElement(Value like, Type element) {
  if (auto vector = dyn_cast<VectorType>(like.getType()))
    return vec(element, vector.getNumElements());
  return element;
}

/// sum_k coefficients[k] x^k by Horner's rule.
Value KernelBuilder::polynomial(Value x, ArrayRef<double> coefficients) {
  Value result = constant(x.getType(), coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    result = fma(result, x, constant(x.getType(), coefficient));
  return result;
}

/// Minimax in the relative error of 2^x on [-1/2, 1/2] (Remez): 1.9e-9.
static const double kExp2F32[] = {0.9999999994458337,   0.6931472057372529,   0.2402264689063981,
                                  0.05550328776997963,  0.009618488956497912, 0.0013399931209352263,
                                  0.00015345812165464646};
/// Minimax on [0, 1], of degree 4: 2.6e-06.
static const double kExp2ForBF16[] = {1.0000025933692647, 0.6930038344324978,
                                      0.2414427570980054, 0.05201146029931644,
                                      0.013534168062386604};
/// The same of degree 3: 7.5e-05.
static const double kExp2Coarse[] = {0.99992522, 0.69583354, 0.22606716, 0.07802452};
/// Taylor, ln(2)^k / k!; the remainder on [-1/2, 1/2] is below 5e-18.
static const double kExp2F64[] = {1.0,
                                  0.69314718055994530942,
                                  0.24022650695910071233,
                                  0.055504108664821579953,
                                  0.0096181291076284771620,
                                  0.0013333558146428443423,
                                  0.00015403530393381609954,
                                  1.5252733804059840280e-05,
                                  1.3215486790144309488e-06,
                                  1.0178086009239699728e-07,
                                  7.0549116208011233299e-09,
                                  4.4455382718708114976e-10,
                                  2.5678435993488205142e-11,
                                  1.3691488853904128881e-12};

static ArrayRef<double> getExp2Coefficients(Type element) {
  return element.isF64() ? ArrayRef<double>(kExp2F64) : ArrayRef<double>(kExp2F32);
}

/// True for one AVX-512 register of f32.
static bool isAVX512Register(Type type, const CPUTarget &target) {
  auto vector = dyn_cast<VectorType>(type);
  return vector && target.hasAVX512 && vector.getElementType().isF32() &&
         vector.getNumElements() == 16;
}

Value KernelBuilder::exp2(Value x) {
  return isAVX512Register(x.getType(), target) ? exp2AVX512(x, kExp2F32, /*fromFloor=*/false) : exp2Portable(x);
}
Value KernelBuilder::exp2ForBF16(Value x, bool isCoarse) {
  return isAVX512Register(x.getType(), target) ? exp2AVX512(x, isCoarse ? ArrayRef<double>(kExp2Coarse) : kExp2ForBF16, /*fromFloor=*/true) : exp2Portable(x);
}

Value KernelBuilder::callIntrinsic(StringRef name, Type type, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(*this, getLoc(), type, getStringAttr(name), operands)
      .getResult(0);
}

/// vreduceps gives f = x - rint x (or floor x) exactly, and vscalefps p * 2^floor n
/// with the right limits (0, inf), so that nothing is clamped.
Value KernelBuilder::exp2AVX512(Value x, ArrayRef<double> coefficients, bool fromFloor) {
  Type type = x.getType(), i16 = getIntegerType(16);
  Value all = arith::ConstantOp::create(*this, getLoc(), getIntegerAttr(i16, -1));
  Value current = arith::ConstantOp::create(*this, getLoc(), getI32IntegerAttr(4));
  Value rounding = arith::ConstantOp::create(*this, getLoc(), getI32IntegerAttr(fromFloor));
  Value f = callIntrinsic("llvm.x86.avx512.mask.reduce.ps.512", type,
                          {x, rounding, x, all, current});
  Value n = fromFloor ? x : subf(x, f);
  Value p = polynomial(f, coefficients);
  return callIntrinsic("llvm.x86.avx512.mask.scalef.ps.512", type, {p, n, p, all, current});
}

/// Adding 1.5 * 2^23 (f64: 2^52) leaves rint x in the low bits of the sum;
/// shifted, they are added to the exponent of 2^(x - rint x).
Value KernelBuilder::exp2Portable(Value x) {
  auto element = cast<FloatType>(getElementTypeOrSelf(x.getType()));
  unsigned bits = element.getWidth(), mantissa = element.isF64() ? 52 : 23;
  double limit = element.isF64() ? 1022 : 126;
  Type integers = withElement(x, getIntegerType(bits));
  Value least = constant(x.getType(), -limit);
  Value tooSmall = cmpf(arith::CmpFPredicate::OLT, x, least);
  Value clamped = select(tooSmall, least, x);
  Value most = constant(x.getType(), limit + 1);
  clamped = select(cmpf(arith::CmpFPredicate::OGT, clamped, most), most, clamped);
  Value magic = constant(x.getType(), element.isF64() ? 6755399441055744.0 : 12582912.0);
  Value sum = addf(clamped, magic);
  Value f = subf(clamped, subf(sum, magic));
  Value p = polynomial(f, getExp2Coefficients(element));
  TypedAttr shift = getIntegerAttr(getIntegerType(bits), mantissa);
  if (auto vector = dyn_cast<VectorType>(integers))
    shift = DenseElementsAttr::get(vector, cast<IntegerAttr>(shift).getValue());
  Value n = arith::ShLIOp::create(*this, getLoc(),
                                  arith::BitcastOp::create(*this, getLoc(), integers, sum),
                                  arith::ConstantOp::create(*this, getLoc(), shift));
  Value scaled = add(arith::BitcastOp::create(*this, getLoc(), integers, p), n);
  return select(tooSmall, constant(x.getType(), 0.0),
                arith::BitcastOp::create(*this, getLoc(), x.getType(), scaled));
}

/// x = 2^e m, m in [1/sqrt 2, sqrt 2): log2 x = e + 2/ln 2 artanh t with
/// t = (m-1)/(m+1), |t| < 0.172, by its Taylor series.
Value KernelBuilder::log2(Value x) {
  auto element = cast<FloatType>(getElementTypeOrSelf(x.getType()));
  unsigned bits = element.getWidth(), mantissa = element.isF64() ? 52 : 23;
  Type integers = withElement(x, getIntegerType(bits));
  auto integer = [&](int64_t value) -> Value {
    TypedAttr attr = getIntegerAttr(getIntegerType(bits), value);
    if (auto vector = dyn_cast<VectorType>(integers))
      attr = DenseElementsAttr::get(vector, cast<IntegerAttr>(attr).getValue());
    return arith::ConstantOp::create(*this, getLoc(), attr);
  };
  // The bits of 1/sqrt 2: subtracting them makes the exponent field the floor
  // of log2(x sqrt 2).
  Value root = integer(element.isF64() ? 0x3FE6A09E667F3BCDLL : 0x3F3504F3LL);
  Value raw = arith::BitcastOp::create(*this, getLoc(), integers, x);
  Value e = arith::ShRSIOp::create(*this, getLoc(), sub(raw, root), integer(mantissa));
  Value m = arith::BitcastOp::create(
      *this, getLoc(), x.getType(),
      sub(raw, arith::ShLIOp::create(*this, getLoc(), e, integer(mantissa))));
  Value one = constant(x.getType(), 1.0);
  Value t = divf(subf(m, one), addf(m, one));
  SmallVector<double> series;
  for (int k = 0, terms = element.isF64() ? 12 : 5; k < terms; ++k)
    series.push_back(2.8853900817779268147 / (2 * k + 1));
  Value sum = polynomial(mulf(t, t), series);
  return fma(t, sum, arith::SIToFPOp::create(*this, getLoc(), x.getType(), e));
}

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

VectorType KernelBuilder::vec(Type element, int64_t lanes) {
  return VectorType::get({lanes}, element);
}
int64_t KernelBuilder::lanes(Type type) const {
  return target.getLanes(type.getIntOrFloatBitWidth());
}
Value KernelBuilder::splat(Value scalar, int64_t lanes) {
  return vector::BroadcastOp::create(*this, getLoc(), vec(scalar.getType(), lanes), scalar);
}
Value KernelBuilder::iota(int64_t lanes) {
  SmallVector<int32_t> values = llvm::to_vector(llvm::seq<int32_t>(0, lanes));
  return arith::ConstantOp::create(*this, getLoc(), getI32VectorAttr(values));
}

Value KernelBuilder::dotPairs(Value a, Value b, Value c) {
  auto pairs = cast<VectorType>(a.getType());
  if (pairs.getElementType().isF16()) { // no such instruction: where AMX is refused
    for (int64_t odd : {0, 1}) {
      SmallVector<int64_t> lanes;
      for (int64_t lane = odd; lane < pairs.getNumElements(); lane += 2)
        lanes.push_back(lane);
      auto half = [&](Value x) {
        return convert(vector::ShuffleOp::create(*this, getLoc(), x, x, lanes), getF32Type());
      };
      c = fma(half(a), half(b), c);
    }
    return c;
  }
  return callIntrinsic("llvm.x86.avx512bf16.dpbf16ps.512", c.getType(), {c, a, b});
}
Value KernelBuilder::dotBytes(Value a, Value b, Value c) {
  auto type = cast<VectorType>(c.getType());
  if (target.hasByteDot && type.getNumElements() == 16) {
    VectorType bytes = vec(getI8Type(), 64);
    return callIntrinsic("llvm.x86.avx512.vpdpbusd.512", type,
                         {c, vector::BitCastOp::create(*this, getLoc(), bytes, a),
                          vector::BitCastOp::create(*this, getLoc(), bytes, b)});
  }
  auto shift = [&](int64_t bits) -> Value {
    return arith::ConstantOp::create(
        *this, getLoc(), DenseElementsAttr::get(type, APInt(32, static_cast<uint64_t>(bits))));
  };
  for (int64_t n = 0; n < 4; ++n) {
    Value left = arith::ShLIOp::create(*this, getLoc(), a, shift(24 - 8 * n));
    Value right = arith::ShLIOp::create(*this, getLoc(), b, shift(24 - 8 * n));
    left = arith::ShRUIOp::create(*this, getLoc(), left, shift(24));
    right = arith::ShRSIOp::create(*this, getLoc(), right, shift(24));
    c = add(c, mul(left, right));
  }
  return c;
}
Value KernelBuilder::roundPair(Value low, Value high, FloatType element) {
  if (element.isF16()) {
    int64_t lanes = cast<VectorType>(low.getType()).getNumElements();
    return vector::ShuffleOp::create(*this, getLoc(), convert(low, element),
                                     convert(high, element),
                                     llvm::to_vector(llvm::seq<int64_t>(0, 2 * lanes)));
  }
  return callIntrinsic("llvm.x86.avx512bf16.cvtne2ps2bf16.512", vec(getBF16Type(), 32),
                       {high, low});
}

KernelBuilder::Values KernelBuilder::interleave(Value a, Value b) {
  int64_t lanes = cast<VectorType>(a.getType()).getNumElements();
  SmallVector<int64_t> order;
  for (int64_t lane = 0; lane < lanes; ++lane)
    order.append({lane, lanes + lane});
  ArrayRef<int64_t> all(order);
  return {vector::ShuffleOp::create(*this, getLoc(), a, b, all.take_front(lanes)),
          vector::ShuffleOp::create(*this, getLoc(), a, b, all.drop_front(lanes))};
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static Type getElement(Value memref) { return cast<MemRefType>(memref.getType()).getElementType(); }

Value KernelBuilder::load(Value memref, ValueRange at) {
  return memref::LoadOp::create(*this, getLoc(), memref, at);
}
Value KernelBuilder::loadAs(Type type, Value memref, ValueRange at) {
  return convert(load(memref, at), type);
}
void KernelBuilder::store(Value value, Value memref, ValueRange at) {
  memref::StoreOp::create(*this, getLoc(), value, memref, at);
}
void KernelBuilder::storeAs(Value value, Value memref, ValueRange at) {
  store(convert(value, getElement(memref)), memref, at);
}
Value KernelBuilder::loadVector(Value memref, ValueRange at, int64_t lanes) {
  return vector::LoadOp::create(*this, getLoc(), vec(getElement(memref), lanes), memref, at);
}
Value KernelBuilder::loadVectorAs(Type type, Value memref, ValueRange at, int64_t lanes) {
  return convert(loadVector(memref, at, lanes), type);
}
Value KernelBuilder::loadWord(Value memref, ValueRange at) {
  Value word = vector::BitCastOp::create(*this, getLoc(), vec(getI32Type(), 1),
                                         loadVector(memref, at, 4));
  return vector::ExtractOp::create(*this, getLoc(), word, 0);
}
Value KernelBuilder::splatPair(Value memref, ValueRange at, int64_t lanes) {
  Value pair = vector::BitCastOp::create(*this, getLoc(), vec(getI32Type(), 1),
                                         loadVector(memref, at, 2));
  Value repeated = splat(vector::ExtractOp::create(*this, getLoc(), pair, 0), lanes);
  return vector::BitCastOp::create(*this, getLoc(), vec(getElement(memref), 2 * lanes), repeated);
}
void KernelBuilder::storeVector(Value vector, Value memref, ValueRange at) {
  vector::StoreOp::create(*this, getLoc(), vector, memref, at);
}
void KernelBuilder::storeVectorAs(Value vector, Value memref, ValueRange at) {
  storeVector(convert(vector, getElement(memref)), memref, at);
}

Value KernelBuilder::convert(Value value, Type element) {
  Type from = getElementTypeOrSelf(value.getType());
  if (from == element)
    return value;
  if (from.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth())
    return arith::ExtFOp::create(*this, getLoc(), withElement(value, element), value);
  if (element.isBF16() && !target.hasBF16Conversion)
    return roundToBF16(value);
  return arith::TruncFOp::create(*this, getLoc(), withElement(value, element), value);
}

/// Round to nearest even in integers: without an instruction for it LLVM would
/// call a library function. A NaN keeps its sign and becomes quiet.
Value KernelBuilder::roundToBF16(Value value) {
  value = convert(value, getF32Type());
  Type i32s = withElement(value, getI32Type()), i16s = withElement(value, getIntegerType(16));
  auto integer = [&](int32_t number) -> Value {
    TypedAttr attr = getI32IntegerAttr(number);
    if (auto vector = dyn_cast<VectorType>(i32s))
      attr = DenseElementsAttr::get(vector, APInt(32, static_cast<uint32_t>(number)));
    return arith::ConstantOp::create(*this, getLoc(), attr);
  };
  Value raw = arith::BitcastOp::create(*this, getLoc(), i32s, value);
  Value high = arith::ShRUIOp::create(*this, getLoc(), raw, integer(16));
  Value odd = both(high, integer(1));
  Value rounded = arith::ShRUIOp::create(*this, getLoc(),
                                         add(add(raw, odd), integer(0x7fff)), integer(16));
  Value isNaN = cmpf(arith::CmpFPredicate::UNO, value, value);
  Value result = select(isNaN, either(high, integer(0x40)), rounded);
  Value narrow = arith::TruncIOp::create(*this, getLoc(), i16s, result);
  return arith::BitcastOp::create(*this, getLoc(), withElement(value, getBF16Type()), narrow);
}

Value KernelBuilder::scratch(ArrayRef<int64_t> shape, Type element) {
  return memref::AllocaOp::create(*this, getLoc(), MemRefType::get(shape, element),
                                  getI64IntegerAttr(64));
}

bool KernelBuilder::isRowContiguous(Value memref) {
  SmallVector<int64_t> strides;
  int64_t offset;
  auto type = cast<MemRefType>(memref.getType());
  return succeeded(type.getStridesAndOffset(strides, offset)) && !strides.empty() &&
         strides.back() == 1;
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

void KernelBuilder::loop(Value low, Value high, int64_t step, function_ref<void(Value)> body) {
  loop(low, high, step, {}, [&](Value iv, ValueRange) {
    body(iv);
    return Values();
  });
}
void KernelBuilder::loop(int64_t low, int64_t high, int64_t step, function_ref<void(Value)> body) {
  if (low < high)
    loop(index(low), index(high), step, body);
}
Values KernelBuilder::loop(Value low, Value high, int64_t step, ValueRange inits,
                           function_ref<Values(Value, ValueRange)> body) {
  auto forOp = scf::ForOp::create(*this, getLoc(), low, high, index(step), inits);
  InsertionGuard guard(*this);
  if (inits.empty()) { // the builder has added an empty yield
    setInsertionPoint(forOp.getBody()->getTerminator());
    body(forOp.getInductionVar(), {});
    return {};
  }
  setInsertionPointToStart(forOp.getBody());
  Values next = body(forOp.getInductionVar(), forOp.getRegionIterArgs());
  scf::YieldOp::create(*this, getLoc(), next);
  return llvm::to_vector_of<Value>(forOp.getResults());
}
void KernelBuilder::when(Value condition, function_ref<void()> body) {
  auto ifOp = scf::IfOp::create(*this, getLoc(), condition, /*withElseRegion=*/false);
  InsertionGuard guard(*this);
  setInsertionPoint(ifOp.thenBlock()->getTerminator());
  body();
}
Values KernelBuilder::choose(Value condition, function_ref<Values()> then,
                             function_ref<Values()> otherwise) {
  auto build = [&](function_ref<Values()> body) {
    return [&, body](OpBuilder &builder, Location loc) {
      InsertionGuard guard(*this);
      setInsertionPoint(builder.getInsertionBlock(), builder.getInsertionPoint());
      Values results = body();
      scf::YieldOp::create(*this, loc, results);
    };
  };
  auto ifOp = scf::IfOp::create(*this, getLoc(), condition, build(then), build(otherwise));
  return llvm::to_vector_of<Value>(ifOp.getResults());
}
void KernelBuilder::parallel(Value count, function_ref<void(Value)> body) {
  auto op = scf::ParallelOp::create(*this, getLoc(), ValueRange{index(0)}, ValueRange{count},
                                    ValueRange{index(1)});
  InsertionGuard guard(*this);
  setInsertionPoint(op.getBody()->getTerminator());
  body(op.getInductionVars()[0]);
}

Value KernelBuilder::foldedOrder(Value t, Value count) {
  Value half = div(t, 2);
  Value isOdd = cmp(arith::CmpIPredicate::ne, rem(t, 2), index(0));
  return select(isOdd, sub(sub(count, index(1)), half), half);
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

func::FuncOp KernelBuilder::function(ModuleOp module, StringRef name, TypeRange arguments,
                                     function_ref<void(ValueRange)> body) {
  InsertionGuard guard(*this);
  setInsertionPointToEnd(module.getBody());
  auto type = getFunctionType(arguments, {});
  SmallString<64> unique(name);
  for (unsigned suffix = 0; SymbolTable::lookupSymbolIn(module, unique); ++suffix)
    unique = (name + "_" + Twine(suffix)).str();
  auto func = func::FuncOp::create(*this, getLoc(), unique, type);
  func.setPrivate();
  func.setNoInline(true);
  // Or LLVM makes calls of memset and memcpy of the loops that clear and copy.
  func->setAttr("passthrough", getStrArrayAttr({"no-builtins"}));
  Block *entry = func.addEntryBlock();
  setInsertionPointToStart(entry);
  body(entry->getArguments());
  func::ReturnOp::create(*this, getLoc());
  return func;
}
