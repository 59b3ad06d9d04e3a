//===- Interface.cpp - How compiled functions are called from C -----------===//

#include "Interface.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace qsat::tools {

/// As in qsat_parameter (GPURuntime.h).
static constexpr int64_t kMaxRank = 8, kAny = -1, kContiguous = -2;

llvm::Expected<ExportedFunction> ExportedFunction::get(func::FuncOp function) {
  ExportedFunction exported{function.getSymName().str(), {}};
  auto fail = [&](size_t number, const llvm::Twine &expected, Type type) {
    std::string text;
    llvm::raw_string_ostream(text) << type;
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   "function '" + exported.name + "': argument " + llvm::Twine(number) +
                                       ": expected " + expected + ", but got " + text);
  };
  for (auto [number, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto array = dyn_cast<MemRefType>(type);
    if (!array || array.getRank() > kMaxRank || !array.getElementType().isIntOrFloat())
      return fail(number, "an array of numbers of at most 8 dimensions", type);
    SmallVector<int64_t> strides;
    int64_t offset;
    if (failed(array.getStridesAndOffset(strides, offset)) || (offset != 0 && !ShapedType::isDynamic(offset)))
      return fail(number, "strides and no offset", type);
    exported.arguments.push_back(array);
  }
  if (function.getNumResults() != 0)
    return fail(0, "a function without results, which go to its last arguments", function.getFunctionType());
  return exported;
}

std::string ExportedFunction::describe(MemRefType type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << type.getElementType() << '[';
  llvm::interleave(
      type.getShape(), os, [&](int64_t extent) { ShapedType::isDynamic(extent) ? os << '?' : os << extent; }, ",");
  os << ']';
  return text;
}

llvm::json::Object ExportedFunction::toJSON() const {
  llvm::json::Array list;
  for (MemRefType type : arguments) {
    std::string element;
    llvm::raw_string_ostream(element) << type.getElementType();
    llvm::json::Array extents;
    for (int64_t extent : type.getShape())
      extents.push_back(ShapedType::isDynamic(extent) ? llvm::json::Value(nullptr) : llvm::json::Value(extent));
    list.push_back(llvm::json::Object{{"element", element}, {"extents", std::move(extents)}});
  }
  return llvm::json::Object{{"name", name}, {"arguments", std::move(list)}};
}

/// The words of a qsat_parameter.
static SmallVector<int64_t> getParameter(MemRefType type) {
  SmallVector<int64_t> words{type.getRank(), llvm::divideCeil(type.getElementTypeBitWidth(), 8)};
  auto [strides, offset] = type.getStridesAndOffset();
  for (int64_t d = 0; d < kMaxRank; ++d)
    words.push_back(d >= type.getRank() || type.isDynamicDim(d) ? kAny : type.getDimSize(d));
  for (int64_t d = 0; d < kMaxRank; ++d) {
    bool isAny = d >= type.getRank() || ShapedType::isDynamic(strides[d]);
    words.push_back(type.getLayout().isIdentity() ? kContiguous : isAny ? kAny : strides[d]);
  }
  return words;
}

namespace {
class InterfaceBuilder : public ImplicitLocOpBuilder {
public:
  explicit InterfaceBuilder(ModuleOp module)
      : ImplicitLocOpBuilder(module.getLoc(), module.getContext()), module(module),
        pointer(LLVM::LLVMPointerType::get(module.getContext())) {
    setInsertionPointToEnd(module.getBody());
  }

  LLVM::GlobalOp text(StringRef name, StringRef value, LLVM::Linkage linkage) {
    auto zeroed = getStringAttr(value + llvm::Twine('\0'));
    auto type = LLVM::LLVMArrayType::get(getI8Type(), zeroed.size());
    return create<LLVM::GlobalOp>(type, /*isConstant=*/true, linkage, name, zeroed);
  }

  LLVM::LLVMFuncOp declare(StringRef name, Type result, ArrayRef<Type> arguments) {
    if (auto found = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
      return found;
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToStart(module.getBody());
    return create<LLVM::LLVMFuncOp>(name, LLVM::LLVMFunctionType::get(result, arguments));
  }

  void function(const ExportedFunction &exported);
  void errorFunction();

private:
  Value i64(int64_t value) { return create<LLVM::ConstantOp>(getI64IntegerAttr(value)); }

  ModuleOp module;
  Type pointer;
};
} // namespace

void InterfaceBuilder::function(const ExportedFunction &exported) {
  OpBuilder::InsertionGuard guard(*this);
  LLVM::GlobalOp name = text("qsat_name_" + exported.name, exported.name, LLVM::Linkage::Internal);
  SmallVector<int64_t> words;
  int64_t descriptorWords = 0;
  for (MemRefType type : exported.arguments) {
    llvm::append_range(words, getParameter(type));
    descriptorWords += 3 + 2 * type.getRank();
  }
  auto wordsType = RankedTensorType::get(words.size(), getI64Type());
  auto parameters = create<LLVM::GlobalOp>(
      LLVM::LLVMArrayType::get(getI64Type(), words.size()), /*isConstant=*/true, LLVM::Linkage::Internal,
      "qsat_parameters_" + exported.name, DenseElementsAttr::get(wordsType, ArrayRef<int64_t>(words)));
  auto begin = declare("qsat_gpu_begin", getI32Type(),
                       {pointer, pointer, getI64Type(), pointer, pointer, pointer});
  auto end = declare("qsat_gpu_end", getI32Type(), {});
  auto inner = module.lookupSymbol<LLVM::LLVMFuncOp>("_mlir_ciface_" + exported.name);

  // The lowered function has the name that the exported one gets.
  auto lowered = module.lookupSymbol<LLVM::LLVMFuncOp>(exported.name);
  auto renamed = getStringAttr("qsat_lowered_" + exported.name);
  if (failed(SymbolTable::replaceAllSymbolUses(lowered, renamed, module)))
    llvm_unreachable("a module of the LLVM dialect has no opaque uses of symbols");
  lowered.setSymNameAttr(renamed);
  lowered.setLinkage(LLVM::Linkage::Internal);
  inner.setLinkage(LLVM::Linkage::Internal);

  auto type = LLVM::LLVMFunctionType::get(getI32Type(), {pointer, pointer});
  auto outer = create<LLVM::LLVMFuncOp>(exported.name, type);
  Block *entry = outer.addEntryBlock(*this);
  Block *call = outer.addBlock(), *exit = outer.addBlock();
  setInsertionPointToStart(entry);
  Value descriptors = create<LLVM::AllocaOp>(pointer, getI64Type(), i64(descriptorWords));
  Value status =
      create<LLVM::CallOp>(begin, ValueRange{create<LLVM::AddressOfOp>(name), create<LLVM::AddressOfOp>(parameters),
                                             i64(exported.arguments.size()), entry->getArgument(0), descriptors,
                                             entry->getArgument(1)})
          .getResult();
  Value isFine = create<LLVM::ICmpOp>(LLVM::ICmpPredicate::eq, status,
                                      create<LLVM::ConstantOp>(getI32IntegerAttr(0)));
  create<LLVM::CondBrOp>(isFine, call, exit);
  setInsertionPointToStart(call);
  SmallVector<Value> arguments;
  int64_t word = 0;
  for (MemRefType array : exported.arguments) {
    arguments.push_back(create<LLVM::GEPOp>(pointer, getI64Type(), descriptors, ArrayRef<LLVM::GEPArg>(word)));
    word += 3 + 2 * array.getRank();
  }
  create<LLVM::CallOp>(inner, arguments);
  create<LLVM::BrOp>(ValueRange(), exit);
  setInsertionPointToStart(exit);
  create<LLVM::ReturnOp>(create<LLVM::CallOp>(end, ValueRange()).getResult());
}

void InterfaceBuilder::errorFunction() {
  OpBuilder::InsertionGuard guard(*this);
  auto inner = declare("qsat_gpu_error", pointer, {});
  auto outer = create<LLVM::LLVMFuncOp>("qsat_error", LLVM::LLVMFunctionType::get(pointer, {}));
  setInsertionPointToStart(outer.addEntryBlock(*this));
  create<LLVM::ReturnOp>(create<LLVM::CallOp>(inner, ValueRange()).getResult());
}

void buildInterface(ModuleOp module, ArrayRef<ExportedFunction> functions, StringRef manifest) {
  InterfaceBuilder builder(module);
  for (const ExportedFunction &function : functions)
    builder.function(function);
  builder.errorFunction();
  builder.text("qsat_manifest", manifest, LLVM::Linkage::External);
}

std::string getHeader(ArrayRef<ExportedFunction> functions, StringRef guard) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << llvm::formatv(R"(/* Made by qsat-compile. */
#ifndef {0}
#define {0}

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

/* An array in device memory. Strides count elements; NULL: contiguous. */
#ifndef QSAT_ARRAY
#define QSAT_ARRAY
typedef struct qsat_array {{
  void *data;
  const int64_t *extents;
  const int64_t *strides;
} qsat_array;
#endif

/* Functions start their work on a stream (a CUstream or cudaStream_t; NULL: the
   default one) and return 0, or 1 when something is wrong: qsat_error() says
   what, for the last call of the thread. */
const char *qsat_error(void);
/* This interface as JSON. */
extern const char qsat_manifest[];

)",
                      guard);
  for (const ExportedFunction &function : functions) {
    os << "/* arguments: ";
    llvm::interleaveComma(function.arguments, os,
                          [&](MemRefType type) { os << ExportedFunction::describe(type); });
    os << " */\nint32_t " << function.name << "(const qsat_array *arguments, void *stream);\n\n";
  }
  os << "#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << guard << " */\n";
  return text;
}

} // namespace qsat::tools
