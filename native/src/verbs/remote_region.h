// What a peer said of a region of its own: nothing here is to be trusted but by the peer's device,
// which checks it again.
#pragma once

#include <cstdint>

namespace leasewire {

struct RemoteRegion {
  uint64_t address;
  uint64_t bytes;
  uint32_t rkey;
};

// Whether `bytes` bytes at `offset` lie within `region_bytes`; no sum that could overflow.
constexpr bool IsWithin(uint64_t offset, uint64_t bytes, uint64_t region_bytes) {
  return offset <= region_bytes && bytes <= region_bytes - offset;
}

}  // namespace leasewire
