// `waitReadable`: a synchronous wait for several resources.
#pragma once

#include <napi.h>

namespace leasewire {

Napi::Value WaitReadableFunction(const Napi::CallbackInfo& info);

}  // namespace leasewire
