// What a work request's id says, so that a completion finds its way without a look-up:
//
//   63       62 ..... 48   47 ...... 32   31 ... 0
//   receive  slot          sequence       token
//
// The slot is that of the queue pair in its completion queue; the sequence counts a queue pair's
// sends. A receive has neither sequence nor token.
#pragma once

#include <cstdint>

namespace leasewire {

inline constexpr uint32_t kSlotsMax = 1 << 15;

constexpr uint64_t SendId(uint16_t slot, uint16_t sequence, uint32_t token) {
  return uint64_t{slot} << 48 | uint64_t{sequence} << 32 | token;
}

constexpr uint64_t ReceiveId(uint16_t slot) { return uint64_t{1} << 63 | uint64_t{slot} << 48; }

constexpr bool IsReceive(uint64_t id) { return id >> 63 != 0; }
constexpr uint16_t SlotOf(uint64_t id) { return static_cast<uint16_t>(id >> 48 & (kSlotsMax - 1)); }
constexpr uint16_t SequenceOf(uint64_t id) { return static_cast<uint16_t>(id >> 32); }
constexpr uint32_t TokenOf(uint64_t id) { return static_cast<uint32_t>(id); }

}  // namespace leasewire
