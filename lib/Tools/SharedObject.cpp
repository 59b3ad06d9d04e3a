//===- SharedObject.cpp - From the LLVM dialect to a library --------------===//

#include "SharedObject.h"

#include "mlir/Target/LLVMIR/Export.h"

#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using llvm::Error;
using llvm::Expected;
using llvm::SmallString;
using llvm::StringRef;
using llvm::Twine;

namespace qsat::tools {
namespace {

Error fail(const Twine &message) { return llvm::createStringError(llvm::inconvertibleErrorCode(), message); }

/// Writes what `print` gives to a new temporary file, removed by `remover`.
Error writeTemporary(StringRef suffix, SmallString<64> &path, llvm::FileRemover &remover,
                     llvm::function_ref<Error(llvm::raw_fd_ostream &)> print) {
  int descriptor;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("qsat", suffix, descriptor, path))
    return fail("cannot create a temporary file: " + error.message());
  remover.setFile(path);
  llvm::raw_fd_ostream os(descriptor, /*shouldClose=*/true);
  if (Error error = print(os))
    return error;
  os.close();
  if (os.has_error())
    return fail(path + ": " + os.error().message());
  return Error::success();
}

Error emitObject(llvm::Module &module, llvm::raw_fd_ostream &os) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::Triple triple(llvm::sys::getProcessTriple());
  std::string reason;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, reason);
  if (!target)
    return fail(reason);
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, /*CPU=*/"", /*Features=*/"", llvm::TargetOptions(), llvm::Reloc::PIC_));
  module.setTargetTriple(triple);
  module.setDataLayout(machine->createDataLayout());
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, os, nullptr, llvm::CodeGenFileType::ObjectFile))
    return fail("cannot write objects for " + triple.str());
  passes.run(module);
  return Error::success();
}

Expected<std::string> findCompiler(StringRef given) {
  llvm::SmallVector<StringRef> names{"cc", "clang", "gcc", "clang-22"};
  if (!given.empty())
    names = {given};
  for (StringRef name : names)
    if (auto path = llvm::sys::findProgramByName(name))
      return *path;
  return fail("expected a C compiler to link with (" + llvm::join(names, ", ") + "), but found none");
}

} // namespace

Error writeSharedObject(mlir::ModuleOp module, StringRef path, const std::vector<std::string> &archives,
                        const std::vector<std::string> &exports, StringRef compiler) {
  Expected<std::string> linker = findCompiler(compiler);
  if (!linker)
    return linker.takeError();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated = mlir::translateModuleToLLVMIR(module, context, path);
  if (!translated)
    return fail("cannot translate the module to LLVM IR");

  SmallString<64> object, script, log, library;
  llvm::FileRemover removeObject, removeScript, removeLog, removeLibrary;
  auto printScript = [&](llvm::raw_fd_ostream &os) {
    os << "{ global: " << llvm::join(exports, "; ") << "; local: *; };\n";
    return Error::success();
  };
  auto nothing = [](llvm::raw_fd_ostream &) { return Error::success(); };
  if (Error error = writeTemporary("o", object, removeObject,
                                   [&](llvm::raw_fd_ostream &os) { return emitObject(*translated, os); }))
    return error;
  if (Error error = writeTemporary("map", script, removeScript, printScript))
    return error;
  if (Error error = writeTemporary("log", log, removeLog, nothing))
    return error;
  // Beside the result, so that it gets its name in one step.
  if (std::error_code error = llvm::sys::fs::createUniqueFile(path + ".%%%%%%", library))
    return fail(path + ": " + error.message());
  removeLibrary.setFile(library);

  std::string version = ("-Wl,--version-script=" + script).str();
  llvm::SmallVector<StringRef> arguments{*linker, "-shared", "-o", library, object};
  arguments.append(archives.begin(), archives.end());
  for (StringRef argument : {StringRef(version), StringRef("-Wl,--gc-sections"), StringRef("-Wl,-z,defs"), StringRef("-lpthread"), StringRef("-ldl")})
    arguments.push_back(argument);
  std::optional<StringRef> redirects[] = {StringRef(), log.str(), log.str()};
  std::string reason;
  if (llvm::sys::ExecuteAndWait(*linker, arguments, std::nullopt, redirects, 0, 0, &reason) != 0) {
    auto text = llvm::MemoryBuffer::getFile(log);
    return fail("linking with " + *linker + " failed: " + (text ? (*text)->getBuffer().trim() : StringRef(reason)));
  }
  llvm::sys::fs::setPermissions(library, llvm::sys::fs::perms::all_read | llvm::sys::fs::perms::all_exe |
                                             llvm::sys::fs::perms::owner_write);
  if (std::error_code error = llvm::sys::fs::rename(library, path))
    return fail(path + ": " + error.message());
  removeLibrary.releaseFile();
  return Error::success();
}

} // namespace qsat::tools
