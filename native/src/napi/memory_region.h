// `MemoryRegion`: a part of a mapping that the device may reach, and peers if they are let. Own
// properties `address` and `rkey` are what a peer must be told.
#pragma once

#include <napi.h>

#include <memory>
#include <utility>

#include "napi/wrapped_class.h"
#include "verbs/memory_region.h"

namespace leasewire {

class MemoryRegionWrap {
 public:
  static constexpr const char* kName = "MemoryRegion";
  static constexpr napi_type_tag kTag{0xbb06a333bb519ad1, 0x71514a1d269a6961};

  static Napi::Function Define(napi_env env);
  static std::unique_ptr<MemoryRegionWrap> Construct(const Napi::CallbackInfo& info);
  bool Initialize(Napi::Object self);

  const MemoryRegion& region() const { return *region_; }

 private:
  explicit MemoryRegionWrap(std::unique_ptr<MemoryRegion> region) : region_(std::move(region)) {}
  Napi::Value Close(const Napi::CallbackInfo& info);
  Napi::Value Closed(const Napi::CallbackInfo& info);

  std::unique_ptr<MemoryRegion> region_;
};

}  // namespace leasewire
