#include "os/seqpacket_message.h"

#include <sys/socket.h>

#include <array>
#include <cstring>

namespace leasewire {
namespace {

struct alignas(cmsghdr) ControlBuffer {
  std::array<uint8_t, CMSG_SPACE(kMessageDescriptorsMax * sizeof(int))> bytes;
};

void AttachDescriptors(msghdr& header, ControlBuffer& control, std::span<const int> fds) {
  if (fds.empty()) return;
  header.msg_control = control.bytes.data();
  header.msg_controllen = CMSG_SPACE(fds.size_bytes());
  cmsghdr* rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
}

std::vector<UniqueFd> AdoptDescriptors(msghdr& header) {
  std::vector<UniqueFd> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

// A peer that closed with our messages unread leaves ECONNRESET behind, once, in front of what it
// had sent before. Asking again yields those messages, and then the end (or EPIPE when sending).
bool IsTransient(int code) { return code == EINTR || code == ECONNRESET; }

}  // namespace

Result<bool> SendMessage(int socket, std::span<const uint8_t> bytes, std::span<const int> fds) {
  iovec part{const_cast<uint8_t*>(bytes.data()), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  ControlBuffer control{};
  AttachDescriptors(header, control, fds);
  while (sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    if (errno == EAGAIN || errno == ENOBUFS) return false;
    if (!IsTransient(errno)) return Status::FromErrno("sendmsg");
  }
  return true;
}

Result<Message> ReceiveMessage(int socket, std::span<uint8_t> buffer, size_t fds_max) {
  iovec part{buffer.data(), buffer.size()};
  ControlBuffer control;
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes.data();
  header.msg_controllen = fds_max == 0 ? 0 : CMSG_SPACE(fds_max * sizeof(int));
  ssize_t length;
  while ((length = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC)) < 0) {
    if (errno == EAGAIN) return Message{};
    if (!IsTransient(errno)) return Status::FromErrno("recvmsg");
  }
  Message message{Received::kMessage, static_cast<size_t>(length), AdoptDescriptors(header)};
  // CMSG_SPACE rounds up, so one descriptor too many may fit without truncation.
  if ((header.msg_flags & MSG_TRUNC) != 0 || message.fds.size() > fds_max) {
    return Status(EMSGSIZE, "recvmsg");
  }
  if ((header.msg_flags & MSG_CTRUNC) != 0) {
    // Cut off though there was room: the kernel ran out of descriptor numbers.
    return Status(message.fds.size() < fds_max ? EMFILE : EMSGSIZE, "recvmsg");
  }
  // The end of the stream and an empty message look alike; our side sends no empty ones.
  if (length == 0) return Message{Received::kClosed, 0, {}};
  return message;
}

}  // namespace leasewire
