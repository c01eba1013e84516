// `createSealedMemfd` and `inspectMemfd`.
#pragma once

#include <napi.h>

namespace leasewire {

Napi::Value CreateSealedMemfdFunction(const Napi::CallbackInfo& info);
Napi::Value InspectMemfdFunction(const Napi::CallbackInfo& info);

}  // namespace leasewire
