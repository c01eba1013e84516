// Reads arguments that may be anything. Empty results come with a TypeError or RangeError pending.
#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>

namespace leasewire {

// The largest integer that a number holds exactly.
inline constexpr uint64_t kSafeIntegerMax = (uint64_t{1} << 53) - 1;

std::optional<uint64_t> IntegerArgument(const Napi::CallbackInfo& info, size_t index,
                                        const char* name, uint64_t min, uint64_t max);

// Without NUL, since the kernel would take what precedes it.
std::optional<std::string> StringArgument(const Napi::CallbackInfo& info, size_t index,
                                          const char* name);

// Adds a property that can neither be changed nor removed; false with an exception pending.
bool DefineConstant(Napi::Object object, const char* name, napi_value value);

}  // namespace leasewire
