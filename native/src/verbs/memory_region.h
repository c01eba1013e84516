// Owns one registration of a part of a mapping. The mapping stays at its addresses as long as the
// region lives, so that no work request ever names memory that has become something else.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "os/mapping.h"
#include "verbs/protection_domain.h"

namespace leasewire {

// What peers may do; this side may always write.
struct RemoteAccess {
  bool read;
  bool write;
  bool atomic;
};

class MemoryRegion {
 public:
  // `offset` and `bytes` are within `memory`.
  static Result<std::unique_ptr<MemoryRegion>> Open(std::shared_ptr<ProtectionDomain> domain,
                                                    std::shared_ptr<Mapping> memory, size_t offset,
                                                    size_t bytes, RemoteAccess access);

  MemoryRegion(const MemoryRegion&) = delete;
  MemoryRegion& operator=(const MemoryRegion&) = delete;
  ~MemoryRegion() { static_cast<void>(Close().ok()); }

  // Takes the memory away from the device. A region whose deregistration fails stays open.
  Status Close();
  bool open() const { return mr_ != nullptr; }
  // Whether its addresses can be read; only of a mapping whose severing failed can they not.
  bool mapped() const { return memory_->data() != nullptr; }

  // These are of an open region, or, but for lkey(), of one that was.
  uint64_t address() const { return address_; }
  uint64_t bytes() const { return bytes_; }
  uint32_t lkey() const { return mr_->lkey; }
  uint32_t rkey() const { return rkey_; }
  const ProtectionDomain* domain() const { return domain_.get(); }

 private:
  MemoryRegion(std::shared_ptr<ProtectionDomain> domain, std::shared_ptr<Mapping> memory,
               ibv::Mr* mr)
      : domain_(std::move(domain)),
        memory_(std::move(memory)),
        mr_(mr),
        address_(reinterpret_cast<uintptr_t>(mr->addr)),
        bytes_(mr->length),
        rkey_(mr->rkey) {}

  std::shared_ptr<ProtectionDomain> domain_;
  std::shared_ptr<Mapping> memory_;
  ibv::Mr* mr_;
  uint64_t address_;
  uint64_t bytes_;
  uint32_t rkey_;
};

}  // namespace leasewire
