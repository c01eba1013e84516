#include "os/wait.h"

#include <poll.h>
#include <time.h>

#include <algorithm>
#include <array>

namespace leasewire {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
// About 146 years, which is for ever; a sum with the clock does not overflow.
constexpr double kTimeoutNsMax = 4.6e18;
// How long a thread that is to end may have to be waited for; waking this often costs nothing.
constexpr int64_t kSliceNs = kNsPerSecond / 4;

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

Result<uint32_t> WaitReadable(std::span<const int> fds, double timeout_ms,
                              const std::function<bool()>& may_go_on) {
  std::array<pollfd, kWaitDescriptorsMax> storage{};
  const std::span polls(storage.data(), std::min(fds.size(), storage.size()));
  for (size_t i = 0; i < polls.size(); ++i) polls[i] = {fds[i], POLLIN, 0};

  const auto timeout_ns = static_cast<int64_t>(std::min(timeout_ms * 1e6, kTimeoutNsMax));
  const int64_t deadline_ns = MonotonicNs() + timeout_ns;
  for (int64_t left_ns = timeout_ns;; left_ns = deadline_ns - MonotonicNs()) {
    const int64_t slice_ns = std::clamp<int64_t>(left_ns, 0, kSliceNs);
    const timespec slice{slice_ns / kNsPerSecond, slice_ns % kNsPerSecond};
    const int ready = ppoll(polls.data(), polls.size(), &slice, nullptr);
    if (ready < 0 && errno != EINTR) return Status::FromErrno("ppoll");
    if (ready > 0) return ReadableBits(polls);
    if (left_ns <= 0 || !may_go_on()) return uint32_t{0};
  }
}

}  // namespace leasewire
