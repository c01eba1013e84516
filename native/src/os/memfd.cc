#include "os/memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace leasewire {
namespace {

// From Linux 6.3 on; not yet in every libc. No lease holds code, and some systems insist.
constexpr unsigned kNoExecSeal = 8U;

UniqueFd CreateMemfd(const char* name, bool huge_pages) {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING | (huge_pages ? MFD_HUGETLB : 0U);
  UniqueFd fd(memfd_create(name, flags | kNoExecSeal));
  if (!fd.valid() && errno == EINVAL) fd = UniqueFd(memfd_create(name, flags));
  return fd;
}

Status Reserve(int fd, uint64_t bytes) {
  const auto length = static_cast<off_t>(bytes);
  if (ftruncate(fd, length) != 0) return Status::FromErrno("ftruncate");
  // Allocates every page now. A signal may interrupt a long reservation; it then starts over.
  while (fallocate(fd, 0, 0, length) != 0) {
    if (errno != EINTR) return Status::FromErrno("fallocate");
  }
  return {};
}

}  // namespace

Result<UniqueFd> CreateSealedMemfd(const std::string& name, uint64_t bytes, bool huge_pages) {
  UniqueFd fd = CreateMemfd(name.c_str(), huge_pages);
  if (!fd.valid()) return Status::FromErrno("memfd_create");
  if (const Status reserved = Reserve(fd.get(), bytes); !reserved.ok()) return reserved;
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return Status::FromErrno("fcntl");
  }
  return fd;
}

Result<MemfdInfo> InspectMemfd(int fd) {
  // Only memfds carry seals; every other file answers EINVAL here.
  const int seals = fcntl(fd, F_GET_SEALS);
  if (seals < 0) return Status(EINVAL, "fcntl");
  struct stat file {};
  if (fstat(fd, &file) != 0) return Status::FromErrno("fstat");
  constexpr int kFixedSize = F_SEAL_SHRINK | F_SEAL_GROW;
  return MemfdInfo{static_cast<uint64_t>(file.st_size), (seals & kFixedSize) == kFixedSize};
}

}  // namespace leasewire
