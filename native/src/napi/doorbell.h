// `Doorbell`: an eventfd. Its own property `descriptor` lends it out, to be sent to a peer.
#pragma once

#include <napi.h>

#include "napi/readable.h"

namespace leasewire {

class DoorbellWrap : public Readable {
 public:
  static constexpr const char* kName = "Doorbell";
  static constexpr napi_type_tag kTag{0xc51c0c9be6a14b0d, 0xa6f4c2d9d5b34f08};

  static Napi::Function Define(napi_env env);
  static std::unique_ptr<DoorbellWrap> Construct(const Napi::CallbackInfo& info);
  bool Initialize(Napi::Object self);

 private:
  using Readable::Readable;
  Napi::Value Ring(const Napi::CallbackInfo& info);
  Napi::Value Drain(const Napi::CallbackInfo& info);
};

}  // namespace leasewire
