//===- DeviceFunction.cpp - Runs a function of a kernel library -----------===//

#include "DeviceFunction.h"

#include "../Runtime/CUDADriver.h"
#include "Arguments.h"

#include "llvm/Support/DynamicLibrary.h"

#include <chrono>

using namespace llvm;
using namespace mlir;

namespace qsat::tools {

static Error fail(const Twine &message) { return createStringError(message); }

/// Turns a result of the driver into an error: the call `what`.
static Error check(const cuda::Driver &driver, cuda::Result result, StringRef what) {
  if (result == 0)
    return Error::success();
  const char *name = nullptr;
  driver.cuGetErrorName(result, &name);
  return fail(what + ": " + (name ? name : "unknown error"));
}

/// The driver with a context, which stays current in this thread.
static Expected<const cuda::Driver *> getDriverWithContext() {
  const char *reason = nullptr;
  const cuda::Driver *driver = cuda::getDriver(reason);
  if (!driver)
    return fail(reason);
  cuda::Handle context = nullptr;
  if (Error error = check(*driver, driver->cuInit(0), "cuInit"))
    return std::move(error);
  if (Error error = check(*driver, driver->cuDevicePrimaryCtxRetain(&context, 0), "cuDevicePrimaryCtxRetain"))
    return std::move(error);
  if (Error error = check(*driver, driver->cuCtxSetCurrent(context), "cuCtxSetCurrent"))
    return std::move(error);
  return driver;
}

Error DeviceFunction::checkDriver() { return getDriverWithContext().takeError(); }

Expected<DeviceFunction> DeviceFunction::load(StringRef path, const ExportedFunction &exported,
                                              ArrayRef<mlir::Type> results) {
  DeviceFunction function;
  for (auto [number, type] : enumerate(results)) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape())
      return fail("result " + Twine(number) + ": expected an array of static shape on a GPU");
  }
  function.results.assign(results.begin(), results.end());
  std::string reason;
  sys::DynamicLibrary library = sys::DynamicLibrary::getPermanentLibrary(path.str().c_str(), &reason);
  if (!library.isValid())
    return fail(reason);
  using Call = int32_t (*)(const qsat_array *, void *);
  function.function = reinterpret_cast<Call>(library.getAddressOfSymbol(exported.name.c_str()));
  function.error = reinterpret_cast<const char *(*)()>(library.getAddressOfSymbol("qsat_error"));
  return std::move(function);
}

DeviceFunction::~DeviceFunction() {
  const char *reason;
  if (const cuda::Driver *driver = buffers.empty() ? nullptr : cuda::getDriver(reason))
    for (const Buffer &buffer : buffers)
      driver->cuMemFree(buffer.address);
}

/// Allocates memory for `array`, at the end of the buffers.
Error DeviceFunction::take(const Array &array) {
  Expected<const cuda::Driver *> driver = getDriverWithContext();
  if (!driver)
    return driver.takeError();
  Buffer buffer{0, array.shape};
  size_t bytes = std::max<int64_t>(array.getNumBytes(), 1);
  if (Error error = check(**driver, (*driver)->cuMemAlloc(&buffer.address, bytes),
                          "cuMemAlloc of " + std::to_string(bytes) + " bytes"))
    return error;
  buffers.push_back(buffer);
  return Error::success();
}

Expected<std::vector<NamedArray>> DeviceFunction::call(ArrayRef<NamedArray> arguments, double *milliseconds) {
  Expected<const cuda::Driver *> driver = getDriverWithContext();
  if (!driver)
    return driver.takeError();
  std::vector<NamedArray> outputs;
  for (auto [number, type] : enumerate(results)) {
    std::string name = "out" + std::to_string(number);
    Expected<Array> array = Array::allocate(getDType(type), cast<RankedTensorType>(type).getShape());
    if (!array)
      return array.takeError();
    outputs.push_back({name, name, std::move(*array)});
  }
  SmallVector<const Array *> all;
  for (const NamedArray &argument : arguments)
    all.push_back(&argument.array);
  for (const NamedArray &output : outputs)
    all.push_back(&output.array);
  for (size_t n = buffers.size(); n < all.size(); ++n)
    if (Error error = take(*all[n]))
      return std::move(error);

  for (size_t n = 0; n < arguments.size(); ++n)
    if (all[n]->getNumBytes())
      if (Error error = check(**driver,
                              (*driver)->cuMemcpyHtoD(buffers[n].address, all[n]->getData(), all[n]->getNumBytes()),
                              "cuMemcpyHtoD"))
        return std::move(error);
  std::vector<qsat_array> arrays;
  for (const Buffer &buffer : buffers)
    arrays.push_back({reinterpret_cast<void *>(buffer.address), buffer.extents.data(), nullptr});
  auto start = std::chrono::steady_clock::now();
  if (function(arrays.data(), /*stream=*/nullptr))
    return fail(error());
  if (Error error = check(**driver, (*driver)->cuStreamSynchronize(nullptr), "cuStreamSynchronize"))
    return std::move(error);
  if (milliseconds)
    *milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  for (size_t n = arguments.size(); n < all.size(); ++n)
    if (all[n]->getNumBytes())
      if (Error error = check(**driver,
                              (*driver)->cuMemcpyDtoH(all[n]->getData(), buffers[n].address, all[n]->getNumBytes()),
                              "cuMemcpyDtoH"))
        return std::move(error);
  return std::move(outputs);
}

} // namespace qsat::tools
