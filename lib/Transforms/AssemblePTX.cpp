//===- AssemblePTX.cpp - PTX in gpu.binary to machine code ----------------===//

#include "qsat/Transforms/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Remarks.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Regex.h"

namespace qsat {
#define GEN_PASS_DEF_ASSEMBLEPTXPASS
#include "qsat/Transforms/Passes.h.inc"
} // namespace qsat

using namespace mlir;

namespace {

/// A file that is deleted at the end of the scope.
struct TemporaryFile {
  explicit TemporaryFile(StringRef suffix) {
    error = llvm::sys::fs::createTemporaryFile("qsat", suffix, path);
    remover.setFile(path, /*deleteIt=*/!error);
  }
  SmallString<64> path;
  std::error_code error;
  llvm::FileRemover remover;
};

} // namespace

/// ptxas says with these numbers that it made wgmma wait for each other, or had
/// too few registers. C7519 is harmless: it added a fence that costs nothing.
static bool isSerialisation(StringRef line) {
  SmallVector<StringRef> groups;
  return llvm::Regex("\\((C75[0-9][0-9])\\)").match(line, &groups) && groups[1] != "C7519";
}

static bool isSpill(StringRef line) {
  SmallVector<StringRef> groups;
  return llvm::Regex("([0-9]+) bytes spill stores, ([0-9]+) bytes spill loads").match(line, &groups) &&
         (groups[1] != "0" || groups[2] != "0");
}

/// What is wrong with kernels that ptxas assembled, as it says it. Matrix products
/// are for speed, which registers in memory take away: an error. Without them it is a
/// remark: a thread that has a row of queries and of outputs, 2 D numbers, may have no
/// registers for them.
static LogicalResult checkMessages(gpu::BinaryOp binary, StringRef messages, bool hasProducts) {
  SmallVector<StringRef> lines;
  messages.split(lines, '\n');
  for (StringRef line : lines) {
    if (isSerialisation(line))
      return emitError(binary.getLoc(), "expected warpgroup products that run side by side, but ptxas says: ")
             << line.trim();
    if (!isSpill(line))
      continue;
    if (hasProducts)
      return emitError(binary.getLoc(), "expected a kernel that fits its registers, but ptxas says: ")
             << line.trim();
    remark::missed(binary.getLoc(), remark::RemarkOpts::name("assemble-ptx").category("qsat"))
        << remark::reason("'{0}' does not fit its registers: {1}", binary.getName(), line.trim());
  }
  return success();
}

/// The machine code for `ptx`, checked.
static FailureOr<std::string> assemble(gpu::BinaryOp binary, StringRef ptxas, StringRef ptx,
                                       StringRef chip) {
  TemporaryFile input("ptx"), output("cubin"), messages("log");
  for (const TemporaryFile *file : {&input, &output, &messages})
    if (file->error)
      return emitError(binary.getLoc(), "cannot create a temporary file: ") << file->error.message();
  std::error_code error;
  {
    llvm::raw_fd_ostream os(input.path, error);
    os << ptx;
    os.close();
    if (os.has_error())
      return emitError(binary.getLoc(), "cannot write ") << input.path << ": " << os.error().message();
  }
  std::string arch = ("-arch=" + chip).str(), reason;
  StringRef arguments[] = {ptxas, arch, "-O3", "-v", input.path, "-o", output.path};
  std::optional<StringRef> redirects[] = {StringRef(), messages.path.str(), messages.path.str()};
  int status = llvm::sys::ExecuteAndWait(ptxas, arguments, std::nullopt, redirects,
                                         /*SecondsToWait=*/300, /*MemoryLimit=*/0, &reason);
  auto log = llvm::MemoryBuffer::getFile(messages.path);
  StringRef text = log ? (*log)->getBuffer() : StringRef();
  if (status != 0)
    return emitError(binary.getLoc(), "ptxas failed: ") << (text.empty() ? StringRef(reason) : text.trim());
  if (failed(checkMessages(binary, text, /*hasProducts=*/ptx.contains("mma"))))
    return failure();
  auto code = llvm::MemoryBuffer::getFile(output.path);
  if (!code)
    return emitError(binary.getLoc(), "cannot read ") << output.path << ": " << code.getError().message();
  return (*code)->getBuffer().str();
}

namespace {
struct AssemblePTXPass : qsat::impl::AssemblePTXPassBase<AssemblePTXPass> {
  using Base::Base;

  void runOnOperation() override {
    auto found = llvm::sys::findProgramByName(ptxas);
    if (!found)
      found = llvm::sys::findProgramByName(ptxas, {"/usr/local/cuda/bin"});
    WalkResult result = getOperation().walk([&](gpu::BinaryOp binary) {
      SmallVector<Attribute> objects;
      for (Attribute attribute : binary.getObjects()) {
        auto object = cast<gpu::ObjectAttr>(attribute);
        auto target = dyn_cast<NVVM::NVVMTargetAttr>(object.getTarget());
        if (!target || object.getFormat() != gpu::CompilationTarget::Assembly || !found) {
          if (target && !found)
            remark::missed(binary.getLoc(), remark::RemarkOpts::name("assemble-ptx").category("qsat"))
                << remark::reason("no program '{0}': the driver will compile the PTX", ptxas.getValue());
          objects.push_back(object);
          continue;
        }
        StringRef ptx = object.getObject().getValue().rtrim('\0');
        FailureOr<std::string> code = assemble(binary, *found, ptx, target.getChip());
        if (failed(code))
          return WalkResult::interrupt();
        objects.push_back(gpu::ObjectAttr::get(target, gpu::CompilationTarget::Binary,
                                               StringAttr::get(&getContext(), *code),
                                               object.getProperties(), object.getKernels()));
        ++numAssembled;
      }
      binary.setObjectsAttr(ArrayAttr::get(&getContext(), objects));
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
