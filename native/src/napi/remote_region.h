// `RemoteRegion`: where a peer says that a region of its own is.
#pragma once

#include <napi.h>

#include <memory>

#include "napi/wrapped_class.h"
#include "verbs/remote_region.h"

namespace leasewire {

class RemoteRegionWrap {
 public:
  static constexpr const char* kName = "RemoteRegion";
  static constexpr napi_type_tag kTag{0xa8f5f8a1baf3040c, 0x1cf2b38d038e59b9};

  static Napi::Function Define(napi_env env);
  static std::unique_ptr<RemoteRegionWrap> Construct(const Napi::CallbackInfo& info);
  bool Initialize(Napi::Object self);

  const RemoteRegion& region() const { return region_; }

 private:
  explicit RemoteRegionWrap(const RemoteRegion& region) : region_(region) {}

  RemoteRegion region_;
};

}  // namespace leasewire
