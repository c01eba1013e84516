// Whole messages with descriptors over a connected SOCK_SEQPACKET socket; nothing here blocks.
// A received descriptor is owned from the moment the kernel installed it, whatever else goes wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "os/unique_fd.h"

namespace leasewire {

// The most the kernel passes in one message (SCM_MAX_FD).
inline constexpr size_t kMessageDescriptorsMax = 253;

// True if sent whole, false if the buffer is full. EPIPE when the peer is gone.
Result<bool> SendMessage(int socket, std::span<const uint8_t> bytes, std::span<const int> fds);

enum class Received { kNothing, kMessage, kClosed };

struct Message {
  Received kind = Received::kNothing;
  size_t bytes = 0;
  std::vector<UniqueFd> fds;
};

// Reads one message into `buffer`. EMSGSIZE when it is longer than the buffer or brings more than
// `fds_max` descriptors, EMFILE when this process has no room for them; the message is then gone.
Result<Message> ReceiveMessage(int socket, std::span<uint8_t> buffer, size_t fds_max);

}  // namespace leasewire
