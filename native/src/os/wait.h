// Blocks the calling thread until a descriptor is readable: for synchronous calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "os/status.h"

namespace leasewire {

inline constexpr size_t kWaitDescriptorsMax = 8;

// Bit i is set if fds[i] is readable, hung up or in error; 0 on time-out. `timeout_ms` is not
// negative; infinity waits for ever.
Result<uint32_t> WaitReadable(std::span<const int> fds, double timeout_ms);

}  // namespace leasewire
