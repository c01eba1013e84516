#include "os/seqpacket.h"

#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>

namespace leasewire {
namespace {

constexpr mode_t kOwnerOnly = 0600;

Result<sockaddr_un> AddressOf(const std::string& path, const char* syscall) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // Room for the terminating NUL is kept: readers of the address are not all careful.
  if (path.size() >= sizeof address.sun_path) return Status(ENAMETOOLONG, syscall);
  // An empty path would be autobound in the abstract namespace, which has no file mode.
  if (path.empty()) return Status(EINVAL, syscall);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

Result<UniqueFd> OpenSocket() {
  UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return Status::FromErrno("socket");
  return fd;
}

}  // namespace

Result<UniqueFd> ListenSeqpacket(const std::string& path, int backlog) {
  auto address = AddressOf(path, "bind");
  if (!address.ok()) return address.status();
  auto socket = OpenSocket();
  if (!socket.ok()) return socket;
  const int fd = socket.value().get();
  // bind() gives the file the mode of the socket's inode: it is never open to others, and the
  // process-wide umask is left alone.
  if (fchmod(fd, kOwnerOnly) != 0) return Status::FromErrno("fchmod");
  const auto* name = reinterpret_cast<const sockaddr*>(&address.value());
  if (bind(fd, name, sizeof(sockaddr_un)) != 0) return Status::FromErrno("bind");
  if (listen(fd, backlog) != 0) return Status::FromErrno("listen");
  return socket;
}

Result<UniqueFd> ConnectSeqpacket(const std::string& path) {
  auto address = AddressOf(path, "connect");
  if (!address.ok()) return address.status();
  auto socket = OpenSocket();
  if (!socket.ok()) return socket;
  const auto* name = reinterpret_cast<const sockaddr*>(&address.value());
  while (connect(socket.value().get(), name, sizeof(sockaddr_un)) != 0) {
    if (errno != EINTR) return Status::FromErrno("connect");
  }
  return socket;
}

Result<std::optional<UniqueFd>> AcceptSeqpacket(int listener) {
  for (;;) {
    UniqueFd fd(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.valid()) return std::optional(std::move(fd));
    if (errno == EAGAIN) return std::optional<UniqueFd>();
    if (errno != EINTR && errno != ECONNABORTED) return Status::FromErrno("accept4");
  }
}

Result<ucred> PeerCredentials(int socket) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
    return Status::FromErrno("getsockopt");
  }
  return peer;
}

}  // namespace leasewire
