#include "os/mapping.h"

#include <sys/mman.h>

#include "os/memfd.h"

namespace leasewire {

Result<Mapping> Mapping::Open(int memfd, size_t bytes) {
  auto info = InspectMemfd(memfd);
  if (!info.ok()) return info.status();
  // The seals come first: only of a sealed file does the size stay what it was found to be.
  if (!info.value().sealed) return Status(EPERM, "mmap");
  if (info.value().bytes != bytes) return Status(EINVAL, "mmap");
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
  if (data == MAP_FAILED) return Status::FromErrno("mmap");
  return Mapping(data, bytes);
}

void Mapping::Sever() {
  if (data_ == nullptr) return;
  constexpr int kFlags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  const void* severed = mmap(data_, bytes_, PROT_READ | PROT_WRITE, kFlags, -1, 0);
  // Without memory for the replacement, the revocation matters more than the courtesy.
  if (severed == MAP_FAILED) Unmap();
}

void Mapping::Unmap() {
  if (void* data = std::exchange(data_, nullptr); data != nullptr) munmap(data, bytes_);
}

}  // namespace leasewire
