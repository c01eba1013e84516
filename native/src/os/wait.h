// Blocks the calling thread until a descriptor is readable: for synchronous calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "os/status.h"

namespace leasewire {

inline constexpr size_t kWaitDescriptorsMax = 8;

// Bit i is set if fds[i] is readable, hung up or in error; 0 on time-out. `timeout_ms` is not
// negative; infinity waits for ever. Asks `may_go_on` a few times a second, and gives up if not.
Result<uint32_t> WaitReadable(std::span<const int> fds, double timeout_ms,
                              const std::function<bool()>& may_go_on);

}  // namespace leasewire
