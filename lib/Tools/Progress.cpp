//===- Progress.cpp - Says what takes long --------------------------------===//

#include "Progress.h"

#include <cstdio>
#include <unistd.h>

namespace qsat::tools {

Progress::Progress(bool always)
    : always(always), terminal(isatty(STDERR_FILENO) != 0), watcher([this] { watch(); }) {}

Progress::~Progress() {
  start("");
  {
    std::lock_guard<std::mutex> lock(mutex);
    stop = true;
  }
  wake.notify_all();
  watcher.join();
}

double Progress::start(std::string name) {
  std::lock_guard<std::mutex> lock(mutex);
  double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  // On a terminal the line of a stage is erased when it ends.
  if (!stage.empty() && terminal && !always && announced)
    std::fprintf(stderr, "\r\033[K");
  else if (!stage.empty() && (always || announced))
    std::fprintf(stderr, "%s: %.2f s\n", stage.c_str(), seconds);
  stage = std::move(name);
  began = Clock::now();
  announced = false;
  if (!stage.empty() && terminal && !always) {
    std::fprintf(stderr, "\r\033[K%s ...", stage.c_str());
    announced = true;
  }
  wake.notify_all();
  return seconds * 1e3;
}

void Progress::watch() {
  using namespace std::chrono_literals;
  std::unique_lock<std::mutex> lock(mutex);
  while (!stop) {
    wake.wait_for(lock, 500ms);
    auto elapsed = Clock::now() - began;
    if (stage.empty() || elapsed < 2s)
      continue;
    if (terminal)
      std::fprintf(stderr, "\r\033[K%s ... %.0f s", stage.c_str(), std::chrono::duration<double>(elapsed).count());
    else if (!announced)
      std::fprintf(stderr, "%s ...\n", stage.c_str());
    announced = true;
  }
}

} // namespace qsat::tools
