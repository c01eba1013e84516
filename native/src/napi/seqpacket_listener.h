// `SeqpacketListener`: a listening socket. Its file stays when it closes; JavaScript unlinks it.
#pragma once

#include <napi.h>

#include "napi/readable.h"

namespace leasewire {

class SeqpacketListenerWrap : public Readable {
 public:
  static constexpr const char* kName = "SeqpacketListener";
  static constexpr napi_type_tag kTag{0x1e0b8a4df2c74a95, 0xb7a9e3d04c5f4d12};

  static Napi::Function Define(napi_env env);
  static std::unique_ptr<SeqpacketListenerWrap> Construct(const Napi::CallbackInfo& info);
  bool Initialize(Napi::Object) { return true; }

 private:
  using Readable::Readable;
  Napi::Value Accept(const Napi::CallbackInfo& info);
};

}  // namespace leasewire
