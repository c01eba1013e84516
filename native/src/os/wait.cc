#include "os/wait.h"

#include <poll.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace leasewire {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
// About 146 years: longer than any wait, and a sum with the clock does not overflow.
constexpr double kTimeoutNsMax = 4.6e18;

int64_t MonotonicNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

uint32_t ReadableBits(std::span<const pollfd> polls) {
  uint32_t bits = 0;
  for (size_t i = 0; i < polls.size(); ++i) {
    if (polls[i].revents != 0) bits |= 1U << i;
  }
  return bits;
}

}  // namespace

Result<uint32_t> WaitReadable(std::span<const int> fds, double timeout_ms) {
  std::array<pollfd, kWaitDescriptorsMax> storage{};
  const std::span polls(storage.data(), std::min(fds.size(), storage.size()));
  for (size_t i = 0; i < polls.size(); ++i) polls[i] = {fds[i], POLLIN, 0};

  const bool forever = std::isinf(timeout_ms);
  const auto timeout_ns = static_cast<int64_t>(std::min(timeout_ms * 1e6, kTimeoutNsMax));
  const int64_t deadline_ns = MonotonicNs() + timeout_ns;
  int64_t left_ns = timeout_ns;
  for (;;) {
    const timespec left{left_ns / kNsPerSecond, left_ns % kNsPerSecond};
    const int ready = ppoll(polls.data(), polls.size(), forever ? nullptr : &left, nullptr);
    if (ready >= 0) return ReadableBits(polls);
    if (errno != EINTR) return Status::FromErrno("ppoll");
    left_ns = std::max<int64_t>(deadline_ns - MonotonicNs(), 0);
  }
}

}  // namespace leasewire
