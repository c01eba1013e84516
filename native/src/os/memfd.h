// Memory that can be handed to a stranger: a memfd whose size nobody can change any more.
// Whoever maps a sealed memfd of known size can not be made to fault by a peer that truncates it.
#pragma once

#include <cstdint>
#include <string>

#include "os/unique_fd.h"

namespace leasewire {

struct MemfdInfo {
  uint64_t bytes;
  // Sealed against both shrinking and growing.
  bool sealed;
};

// Zeroed, reserved memory of `bytes` bytes: exhaustion is reported here, never as SIGBUS later.
Result<UniqueFd> CreateSealedMemfd(const std::string& name, uint64_t bytes, bool huge_pages);

// EINVAL when `fd` is no memfd.
Result<MemfdInfo> InspectMemfd(int fd);

}  // namespace leasewire
