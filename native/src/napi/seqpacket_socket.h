// `SeqpacketSocket`: a connected socket, whose own property `peer` holds the peer's credentials.
#pragma once

#include <napi.h>

#include "napi/readable.h"

namespace leasewire {

class SeqpacketSocketWrap : public Readable {
 public:
  static constexpr const char* kName = "SeqpacketSocket";
  static constexpr napi_type_tag kTag{0x94f2d7a86b0e4c3d, 0x8c61e5b7f3a24d9e};

  static Napi::Function Define(napi_env env);
  static Napi::Value New(napi_env env, UniqueFd connected);
  static std::unique_ptr<SeqpacketSocketWrap> Construct(const Napi::CallbackInfo& info);
  bool Initialize(Napi::Object self);

 private:
  using Readable::Readable;
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value Receive(const Napi::CallbackInfo& info);
};

}  // namespace leasewire
