// Owns one shared mapping of a sealed memfd. A range that others may still point into is severed
// first: private zero pages take its place, so that a stale pointer reads nothing and can not
// fault. Node frees a detached buffer at once, also where a job on one of its threads still fills
// it (crypto.randomFill() does): so of those that were severed, the last 256 stay reserved.
#pragma once

#include <cstddef>
#include <utility>

#include "os/status.h"

namespace leasewire {

class Mapping {
 public:
  // EPERM unless sealed against shrinking and growing, EINVAL unless of exactly `bytes` bytes.
  static Result<Mapping> Open(int memfd, size_t bytes);

  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        bytes_(other.bytes_),
        severed_(other.severed_) {}
  Mapping& operator=(Mapping&&) = delete;
  ~Mapping() { Unmap(); }

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  // Gives up the shared memory; the addresses stay reserved until after destruction.
  void Sever();

 private:
  Mapping(void* data, size_t bytes) : data_(data), bytes_(bytes) {}
  void Unmap();

  void* data_;
  size_t bytes_;
  bool severed_ = false;
};

}  // namespace leasewire
