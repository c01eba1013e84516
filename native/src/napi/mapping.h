// `Mapping`: shared memory as an external ArrayBuffer, the own property `buffer`. The ArrayBuffer
// owns the mapping and this object shares in it until it is closed. Only V8 knows when the last
// pointer into the bytes is gone, so closing severs them and V8's finalizer unmaps.
#pragma once

#include <napi.h>

#include <memory>

#include "napi/wrapped_class.h"
#include "os/mapping.h"

namespace leasewire {

class MappingWrap {
 public:
  static constexpr const char* kName = "Mapping";
  static constexpr napi_type_tag kTag{0x2ad1c1f6f8e54d0b, 0x9b0d7f1f6a2c4e73};

  static Napi::Function Define(napi_env env);
  static std::unique_ptr<MappingWrap> Construct(const Napi::CallbackInfo& info);
  bool Initialize(Napi::Object self);

  // The mapping that `value` is the buffer of; null if it is something else, or closed.
  static std::shared_ptr<Mapping> OfBuffer(napi_env env, napi_value value);

 private:
  explicit MappingWrap(Mapping mapping) : mapping_(std::make_shared<Mapping>(std::move(mapping))) {}
  bool MarkBuffer(napi_env env, napi_value buffer) const;
  Napi::Value Close(const Napi::CallbackInfo& info);
  Napi::Value Closed(const Napi::CallbackInfo& info);

  // Null once closed.
  std::shared_ptr<Mapping> mapping_;
};

}  // namespace leasewire
