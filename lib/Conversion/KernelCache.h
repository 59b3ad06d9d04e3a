//===- KernelCache.h - One kernel for each configuration ------*- C++ -*-===//

#ifndef QSAT_CONVERSION_KERNELCACHE_H
#define QSAT_CONVERSION_KERNELCACHE_H

#include "mlir/IR/Operation.h"

#include <map>
#include <string>

namespace qsat {

/// Kernels that were emitted for ops. Two ops have one configuration, and share
/// kernels, when their names, operand types, attributes and regions are the same;
/// an op may have several kernels, by name. `Kernel` is what refers to one. The
/// ops have to live as long as this does: their regions are compared.
template <typename Kernel>
class KernelCache {
public:
  /// The kernel `name` for the configuration of `op`: the one emitted before, or
  /// what `emit` gives.
  Kernel get(mlir::Operation *op, llvm::StringRef name, llvm::function_ref<Kernel()> emit) {
    std::string key;
    llvm::raw_string_ostream text(key);
    text << name << op->getName() << op->getAttrDictionary();
    for (mlir::Type type : op->getOperandTypes())
      text << type << ';';
    auto [begin, end] = kernels.equal_range(key);
    for (auto it = begin; it != end; ++it)
      if (haveSameRegions(op, it->second.first))
        return it->second.second;
    // Not held across `emit`, which may ask for further kernels.
    Kernel kernel = emit();
    kernels.insert({key, {op, kernel}});
    return kernel;
  }

  size_t size() const { return kernels.size(); }

private:
  static bool haveSameRegions(mlir::Operation *x, mlir::Operation *y) {
    return llvm::all_of(llvm::zip_equal(x->getRegions(), y->getRegions()), [](auto pair) {
      return mlir::OperationEquivalence::isRegionEquivalentTo(
          &std::get<0>(pair), &std::get<1>(pair), mlir::OperationEquivalence::IgnoreLocations);
    });
  }

  std::multimap<std::string, std::pair<mlir::Operation *, Kernel>> kernels;
};

} // namespace qsat

#endif // QSAT_CONVERSION_KERNELCACHE_H
