// Owns one file descriptor and closes it exactly once.
#pragma once

#include <utility>

#include "os/status.h"

namespace leasewire {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd() { Reset(); }

  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }
  void Reset();
  // A second descriptor of the same open file, close-on-exec.
  Result<UniqueFd> Duplicate() const;

 private:
  int fd_ = -1;
};

}  // namespace leasewire
