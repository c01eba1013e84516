// Turns failures into pending JavaScript exceptions. Each function returns an empty value, so that
// a native function can end with `return Throw...(...)`. In an environment that is being terminated
// nothing can be thrown, and nothing needs to be.
#pragma once

#include <napi.h>

#include <string>

#include "os/status.h"

namespace leasewire {

// An Error with `code`, `errno` and `syscall`; `status` is not ok.
Napi::Value ThrowStatus(napi_env env, Status status);

Napi::Value ThrowTypeError(napi_env env, const std::string& message);
Napi::Value ThrowRangeError(napi_env env, const std::string& message);

}  // namespace leasewire
