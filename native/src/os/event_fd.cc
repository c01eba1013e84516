#include "os/event_fd.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace leasewire {
namespace {

// For kernels before 5.8, whose eventfds know no RWF_NOWAIT.
Result<bool> DrainByFlag(int fd) {
  if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) return Status::FromErrno("fcntl");
  uint64_t count = 0;
  while (read(fd, &count, sizeof count) < 0) {
    if (errno == EAGAIN) return false;
    if (errno != EINTR) return Status::FromErrno("read");
  }
  return true;
}

}  // namespace

Result<UniqueFd> CreateEventFd() {
  UniqueFd fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd.valid()) return Status::FromErrno("eventfd");
  return fd;
}

Status VerifyEventFd(int fd) {
  std::array<char, 40> link{};
  std::array<char, 40> target{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link.data(), target.data(), target.size());
  if (length < 0) return Status::FromErrno("readlink");
  const std::string_view kind(target.data(), static_cast<size_t>(length));
  return kind == "anon_inode:[eventfd]" ? Status() : Status(EINVAL, "eventfd");
}

Status RingEventFd(int fd) {
  // The kernel knows RWF_NOWAIT for reading an eventfd, not for writing: set the flag each time.
  if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) return Status::FromErrno("fcntl");
  const uint64_t one = 1;
  while (write(fd, &one, sizeof one) < 0) {
    if (errno == EAGAIN) return {};  // At its limit: already rung.
    if (errno != EINTR) return Status::FromErrno("write");
  }
  return {};
}

Result<bool> DrainEventFd(int fd) {
  uint64_t count = 0;
  iovec target{&count, sizeof count};
  while (preadv2(fd, &target, 1, -1, RWF_NOWAIT) < 0) {
    if (errno == EAGAIN) return false;
    if (errno == EOPNOTSUPP) return DrainByFlag(fd);
    if (errno != EINTR) return Status::FromErrno("preadv2");
  }
  return true;
}

}  // namespace leasewire
