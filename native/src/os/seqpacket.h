// SOCK_SEQPACKET Unix sockets, all close-on-exec and non-blocking: how leases change hands.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>

#include "os/unique_fd.h"

namespace leasewire {

// The socket's file is 0600 from the moment it exists. EADDRINUSE, ENAMETOOLONG.
Result<UniqueFd> ListenSeqpacket(const std::string& path, int backlog);

// EAGAIN when the listener's backlog is full, ECONNREFUSED, ENOENT, ENAMETOOLONG.
Result<UniqueFd> ConnectSeqpacket(const std::string& path);

// Nothing when no connection waits.
Result<std::optional<UniqueFd>> AcceptSeqpacket(int listener);

// The peer's credentials at the time it connected.
Result<ucred> PeerCredentials(int socket);

}  // namespace leasewire
