# What tools/check and tools/demo share: packages, Python, configure, build.
# Sourced, not run. Expects `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build
venv=$root/.venv
python=$venv/bin/python
llvm_version=22

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Packages of Debian 12; LLVM and MLIR 22.1 are in its security repository.
packages=(
  libmlir-22-dev mlir-22-tools llvm-22-dev llvm-22-tools clang-22 lld-22 libclang-rt-22-dev
  libomp-22-dev libzip-dev ninja-build cmake python3 python3-venv
)

is_debian_12() {
  [[ -r /etc/os-release ]] && (. /etc/os-release && [[ ${ID:-} == debian && ${VERSION_ID:-} == 12 ]])
}

# Installs what `packages` names and the system lacks. Debian 12 only.
install_packages() {
  local package apt missing=()
  for package in "${packages[@]}"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true) == installed ]] ||
      missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  apt=(env DEBIAN_FRONTEND=noninteractive apt-get)
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      die "these packages are missing, and to install them takes root or sudo: ${missing[*]}"
    apt=(sudo "${apt[@]}")
  fi
  say "installing ${missing[*]}"
  "${apt[@]}" update -q || say "apt-get update failed; going on with the lists that are there"
  "${apt[@]}" install -y -q --no-install-recommends "${missing[@]}" ||
    die "apt-get cannot install ${missing[*]}. LLVM 22 comes from Debian's security repository:
  deb http://security.debian.org/debian-security bookworm-security main"
}

# Sets `prefix`, where LLVM and MLIR are, and `cmake_arguments`. Where the
# packages are not Debian's, MLIR_DIR says where MLIRConfig.cmake is.
find_toolchain() {
  local tool missing=() version
  if [[ -z ${MLIR_DIR:-} && -e /usr/lib/llvm-$llvm_version/lib/cmake/mlir/MLIRConfig.cmake ]]; then
    MLIR_DIR=/usr/lib/llvm-$llvm_version/lib/cmake/mlir
  fi
  [[ -n ${MLIR_DIR:-} ]] || die "no LLVM/MLIR 22.1 found. On Debian 12 this command installs it; elsewhere
  build or install LLVM and MLIR 22.1 (https://github.com/llvm/llvm-project/releases, with
  -DLLVM_ENABLE_PROJECTS='mlir;clang;lld' -DLLVM_ENABLE_RUNTIMES=openmp
  -DLLVM_BUILD_LLVM_DYLIB=ON -DLLVM_LINK_LLVM_DYLIB=ON -DLLVM_ENABLE_RTTI=ON
  -DLLVM_INSTALL_UTILS=ON) and set MLIR_DIR to its lib/cmake/mlir"
  [[ -e $MLIR_DIR/MLIRConfig.cmake ]] || die "MLIR_DIR is $MLIR_DIR, which has no MLIRConfig.cmake"
  version=$(sed -n 's/^set(PACKAGE_VERSION "\([0-9.]*\).*/\1/p' "$MLIR_DIR/MLIRConfigVersion.cmake")
  [[ $version == 22.1.* ]] || die "MLIR_DIR is MLIR ${version:-of an unknown version}, but this needs 22.1"
  prefix=$(cd "$MLIR_DIR/../../.." && pwd)

  for tool in cmake ninja; do
    command -v $tool >/dev/null || missing+=("$tool")
  done
  for tool in mlir-opt FileCheck not split-file; do
    [[ -x $prefix/bin/$tool ]] || missing+=("$prefix/bin/$tool")
  done
  cmake_arguments=("-DMLIR_DIR=$MLIR_DIR")
  # The preset names Debian's compiler, linker and lit; say what is here instead.
  if ! command -v clang++-$llvm_version >/dev/null; then
    if [[ -x $prefix/bin/clang++ ]]; then
      cmake_arguments+=("-DCMAKE_C_COMPILER=$prefix/bin/clang" "-DCMAKE_CXX_COMPILER=$prefix/bin/clang++")
    elif command -v c++ >/dev/null; then
      cmake_arguments+=("-DCMAKE_C_COMPILER=${CC:-cc}" "-DCMAKE_CXX_COMPILER=${CXX:-c++}")
    else
      missing+=("a C++17 compiler")
    fi
  fi
  command -v ld.lld-$llvm_version ld.lld >/dev/null || [[ -x $prefix/bin/ld.lld ]] ||
    cmake_arguments+=("-DLLVM_USE_LINKER=")
  lit=$(PATH=$prefix/bin:$PATH command -v lit llvm-lit | head -n 1 || true)
  [[ -n $lit ]] && cmake_arguments+=("-DLLVM_EXTERNAL_LIT=$lit") || missing+=("lit")
  ((${#missing[@]} == 0)) || die "missing: ${missing[*]}"
  if command -v ccache >/dev/null; then
    cmake_arguments+=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  fi
}

# A virtual environment with the pinned packages; made again when they change.
make_venv() {
  local requirements=$root/python/requirements.txt base wanted
  for base in /usr/bin/python3 python3; do
    "$base" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break
    base=
  done
  [[ -n $base ]] || die "missing: Python 3.11 or newer with its venv module"
  wanted="$("$base" --version) $(sha256sum <"$requirements")"
  [[ -x $python && $(cat "$venv/.made-from" 2>/dev/null || true) == "$wanted" ]] && return 0
  say "making the Python environment .venv"
  rm -rf "$venv"
  "$base" -m venv "$venv"
  "$python" -m pip install --quiet --disable-pip-version-check -r "$requirements" ||
    die "pip cannot install $requirements into .venv"
  printf '%s' "$wanted" >"$venv/.made-from"
}

# Compilations at once: one per CPU, as far as there are 2 GB of memory for each.
count_jobs() {
  local cpus memory
  cpus=$(nproc)
  memory=$(awk '/MemAvailable/ { print int($2 / 2000000) }' /proc/meminfo 2>/dev/null || echo "$cpus")
  jobs=$((memory < cpus ? memory : cpus))
  jobs=$((jobs < 1 ? 1 : jobs))
}

# configure_and_build PRESET DIRECTORY [TARGETS...]
configure_and_build() {
  local preset=$1 directory=$2 stamp
  shift 2
  stamp="$preset ${cmake_arguments[*]}"
  # ninja configures again by itself when a CMake file changes.
  if [[ ! -e $directory/build.ninja || $(cat "$directory/.configured-with" 2>/dev/null || true) != "$stamp" ]]; then
    say "configuring ($preset)"
    (cd "$root" && cmake --preset "$preset" "${cmake_arguments[@]}" >"$root/.configure.log" 2>&1) || {
      cat "$root/.configure.log" >&2
      die "CMake cannot configure; its output is above"
    }
    mv "$root/.configure.log" "$directory/configure.log"
    printf '%s' "$stamp" >"$directory/.configured-with"
  fi
  say "building ($preset, $jobs at once)"
  ninja -C "$directory" -j "$jobs" "$@" >&2 || die "the build failed; the compiler's words are above"
}

set_up() {
  cd "$root"
  if [[ -z ${MLIR_DIR:-} ]] && is_debian_12; then
    install_packages
  fi
  find_toolchain
  make_venv
  count_jobs
}
