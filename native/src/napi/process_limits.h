// `processLimits`: what the operating system grants this process, asked without opening anything.
#pragma once

#include <napi.h>

namespace leasewire {

Napi::Value ProcessLimitsFunction(const Napi::CallbackInfo& info);

}  // namespace leasewire
