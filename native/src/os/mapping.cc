#include "os/mapping.h"

#include <sys/mman.h>

#include <deque>
#include <mutex>

#include "os/memfd.h"

namespace leasewire {
namespace {

constexpr size_t kReservedMax = 256;

// Ranges that were severed and destroyed, of all environments. Keeps the last ones, for jobs that
// are late; they take no memory but what is still written to them.
class Reserved {
 public:
  void Add(void* data, size_t bytes) {
    const std::lock_guard lock(mutex_);
    ranges_.push_back({data, bytes});
    if (ranges_.size() <= kReservedMax) return;
    munmap(ranges_.front().data, ranges_.front().bytes);
    ranges_.pop_front();
  }

 private:
  struct Range {
    void* data;
    size_t bytes;
  };

  std::mutex mutex_;
  std::deque<Range> ranges_;
};

// Never destroyed: threads may outlive what the main thread tears down as it ends.
Reserved& ReservedRanges() {
  static auto* ranges = new Reserved();
  return *ranges;
}

}  // namespace

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
  severed_ = severed != MAP_FAILED;
  // Without memory for the replacement, the revocation matters more than the courtesy.
  if (!severed_) Unmap();
}

void Mapping::Unmap() {
  void* data = std::exchange(data_, nullptr);
  if (data == nullptr) return;
  if (severed_)
    ReservedRanges().Add(data, bytes_);
  else
    munmap(data, bytes_);
}

}  // namespace leasewire
