//===- Progress.h - Says what takes long -------------------------*- C++ -*-===//

#ifndef QSAT_LIB_TOOLS_PROGRESS_H
#define QSAT_LIB_TOOLS_PROGRESS_H

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace qsat::tools {

/// Prints stages to stderr: those that take longer than 2 s, on a terminal or
/// with `always` all of them.
class Progress {
public:
  explicit Progress(bool always);
  ~Progress();
  /// Ends the current stage and starts `name` ("" starts none). Returns the
  /// milliseconds that the ended one took.
  double start(std::string name);

private:
  void watch();

  using Clock = std::chrono::steady_clock;
  const bool always, terminal;
  std::mutex mutex;
  std::condition_variable wake;
  std::string stage;
  Clock::time_point began = Clock::now();
  bool announced = false, stop = false;
  std::thread watcher;
};

} // namespace qsat::tools

#endif // QSAT_LIB_TOOLS_PROGRESS_H
