// What a queue pair is made and connected with, as JavaScript says it. Reading it may run code of
// the caller's: what that could close is looked at afterwards.
#pragma once

#include <napi.h>

#include <optional>

#include "verbs/queue_pair.h"

namespace leasewire {

// Empty with an exception pending.
std::optional<QueuePairLimits> QueuePairLimitsArgument(const Napi::CallbackInfo& info,
                                                       size_t index);
std::optional<Route> RouteArgument(const Napi::CallbackInfo& info, size_t index);

}  // namespace leasewire
