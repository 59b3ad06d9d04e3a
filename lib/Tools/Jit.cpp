//===- Jit.cpp - Runs a function of an LLVM-dialect module ----------------===//

#include "Jit.h"
#include "Arguments.h"

#include "qsat/Runtime/Runtime.h"

#include "mlir/ExecutionEngine/OptUtils.h"

#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/TargetSelect.h"

#include <chrono>
#include <cstring>
#include <set>

using namespace mlir;
// Not all of llvm: it has its own Type and ExecutionEngine.
using llvm::Error;
using llvm::Expected;

namespace qsat::tools {
namespace {

/// MLIR's StridedMemRefType of any rank: allocated and aligned pointer, offset,
/// sizes, strides.
using Descriptor = std::vector<int64_t>;

Descriptor describe(const Array &array) {
  size_t rank = array.shape.size();
  Descriptor words(3 + 2 * rank);
  words[0] = words[1] = static_cast<int64_t>(reinterpret_cast<intptr_t>(array.getData()));
  int64_t stride = 1;
  for (size_t d = rank; d-- > 0;) {
    words[3 + d] = array.shape[d];
    words[3 + rank + d] = stride;
    stride *= array.shape[d];
  }
  return words;
}

/// Copies the memref behind `words` to an array.
Expected<Array> copyOut(Type type, ArrayRef<int64_t> words) {
  size_t rank = cast<RankedTensorType>(type).getRank();
  ArrayRef<int64_t> shape = words.slice(3, rank), strides = words.slice(3 + rank, rank);
  Expected<Array> array = Array::allocate(getDType(type), shape);
  if (!array)
    return array.takeError();
  // The pipeline gives results the identity layout.
  int64_t width = getByteWidth(array->type), expected = 1;
  for (size_t d = rank; d-- > 0; expected *= shape[d])
    if (shape[d] > 1 && strides[d] != expected)
      return llvm::createStringError(llvm::inconvertibleErrorCode(), "a result is not contiguous");
  const char *from = reinterpret_cast<const char *>(static_cast<intptr_t>(words[1])) + words[2] * width;
  std::memcpy(array->getData(), from, array->getNumBytes());
  return array;
}

/// Where the results lie in the struct that the C interface fills.
struct ResultLayout {
  SmallVector<int64_t> offsets;
  int64_t size = 0;
};

ResultLayout getResultLayout(ArrayRef<Type> types) {
  ResultLayout layout;
  for (Type type : types) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    int64_t bytes = tensor ? 8 * (3 + 2 * tensor.getRank()) : getByteWidth(getDType(type));
    layout.size = llvm::alignTo(layout.size, tensor ? 8 : bytes);
    layout.offsets.push_back(layout.size);
    layout.size += bytes;
  }
  return layout;
}

/// The optimiser and the code generator must see the same machine.
void setTarget(llvm::Module &module, const llvm::TargetMachine &machine) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    function.addFnAttr("target-features", machine.getTargetFeatureString());
    function.addFnAttr("prefer-vector-width", "512");
  }
}

} // namespace

Expected<CompiledFunction> CompiledFunction::compile(ModuleOp module, StringRef entry, ArrayRef<Type> argumentTypes,
                                                     ArrayRef<Type> resultTypes) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  Expected<llvm::orc::JITTargetMachineBuilder> builder = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!builder)
    return builder.takeError();
  builder->setCodeGenOptLevel(llvm::CodeGenOptLevel::Aggressive);
  Expected<std::unique_ptr<llvm::TargetMachine>> machine = builder->createTargetMachine();
  Expected<std::unique_ptr<llvm::TargetMachine>> optimiserMachine = builder->createTargetMachine();
  if (!machine)
    return llvm::joinErrors(machine.takeError(), optimiserMachine ? Error::success() : optimiserMachine.takeError());
  if (!optimiserMachine)
    return optimiserMachine.takeError();

  auto optimize = makeOptimizingTransformer(/*optLevel=*/3, /*sizeLevel=*/0, optimiserMachine->get());
  ExecutionEngineOptions options;
  auto transform = [&](llvm::Module *llvmModule) -> Error {
    setTarget(*llvmModule, **optimiserMachine);
    return optimize(llvmModule);
  };
  options.transformer = transform;
  options.jitCodeGenOptLevel = llvm::CodeGenOptLevel::Aggressive;
  options.enableGDBNotificationListener = false;
  options.enablePerfNotificationListener = false;
  Expected<std::unique_ptr<ExecutionEngine>> engine = ExecutionEngine::create(module, options, std::move(*machine));
  if (!engine)
    return engine.takeError();
  (*engine)->registerSymbols([](llvm::orc::MangleAndInterner interner) {
    llvm::orc::SymbolMap symbols;
    for (const RuntimeFunction &function : getRuntimeFunctions())
      symbols[interner(function.name)] = {llvm::orc::ExecutorAddr::fromPtr(function.address), llvm::JITSymbolFlags::Exported};
    return symbols;
  });
  (*engine)->initialize();

  CompiledFunction compiled;
  // Compilation happens here: the engine is lazy.
  Expected<void (*)(void **)> function = (*engine)->lookupPacked(("_mlir_ciface_" + entry).str());
  if (!function)
    return function.takeError();
  compiled.function = *function;
  compiled.engine = std::move(*engine);
  compiled.resultTypes.assign(resultTypes.begin(), resultTypes.end());
  for (Type type : argumentTypes)
    compiled.argumentIsTensor.push_back(isa<RankedTensorType>(type));
  return std::move(compiled);
}

Expected<std::vector<NamedArray>> CompiledFunction::call(ArrayRef<NamedArray> arguments, double *milliseconds) {
  std::vector<Descriptor> descriptors;
  std::vector<void *> pointers; // of memrefs: where the descriptor is
  for (auto [argument, isTensor] : llvm::zip_equal(arguments, argumentIsTensor)) {
    descriptors.push_back(isTensor ? describe(argument.array) : Descriptor());
    pointers.push_back(isTensor ? static_cast<void *>(descriptors.back().data()) : argument.array.getData());
  }
  // The packed interface takes the address of each argument. A single scalar
  // is returned by value, everything else through a pointer that comes first.
  ResultLayout layout = getResultLayout(resultTypes);
  std::vector<int64_t> results(llvm::divideCeil(layout.size, 8) + 1);
  void *resultPointer = results.data();
  bool byValue = resultTypes.size() == 1 && !isa<RankedTensorType>(resultTypes.front());
  std::vector<void *> packed;
  if (!resultTypes.empty() && !byValue)
    packed.push_back(&resultPointer);
  for (size_t i = 0; i < pointers.size(); ++i)
    packed.push_back(argumentIsTensor[i] ? static_cast<void *>(&pointers[i]) : pointers[i]);
  if (byValue)
    packed.push_back(resultPointer);

  auto start = std::chrono::steady_clock::now();
  function(packed.data());
  if (milliseconds)
    *milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();

  const char *base = reinterpret_cast<const char *>(results.data());
  std::vector<NamedArray> outputs;
  std::set<void *> owned;
  Error error = Error::success();
  for (auto [i, type] : llvm::enumerate(resultTypes)) {
    std::string name = "out" + std::to_string(i);
    const char *at = base + layout.offsets[i];
    auto tensor = dyn_cast<RankedTensorType>(type);
    Expected<Array> array = Array();
    if (tensor) {
      ArrayRef<int64_t> words(reinterpret_cast<const int64_t *>(at), 3 + 2 * tensor.getRank());
      owned.insert(reinterpret_cast<void *>(static_cast<intptr_t>(words[0])));
      array = copyOut(type, words);
    } else {
      array = Array::allocate(getDType(type), {});
      if (array)
        std::memcpy(array->getData(), at, array->getNumBytes());
    }
    if (!array)
      error = llvm::joinErrors(std::move(error), array.takeError());
    else
      outputs.push_back({name, name, std::move(*array)});
  }
  // The caller owns what a function returns; two results may share a buffer.
  for (void *buffer : owned)
    std::free(buffer);
  if (error)
    return std::move(error);
  return std::move(outputs);
}

} // namespace qsat::tools
