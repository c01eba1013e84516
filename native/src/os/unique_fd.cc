#include "os/unique_fd.h"

#include <fcntl.h>
#include <unistd.h>

namespace leasewire {

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    Reset();
    fd_ = other.Release();
  }
  return *this;
}

void UniqueFd::Reset() {
  // Linux frees the number even when close() fails, so a retry could close somebody else's file.
  if (valid()) close(Release());
}

Result<UniqueFd> UniqueFd::Duplicate() const {
  const int fd = fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return Status::FromErrno("fcntl");
  return UniqueFd(fd);
}

}  // namespace leasewire
