// Reads arguments that may be anything. Empty results come with a TypeError or RangeError pending.
#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>

namespace leasewire {

// The largest integer that a number holds exactly.
inline constexpr uint64_t kSafeIntegerMax = (uint64_t{1} << 53) - 1;

// Of `value`, which messages call `name`.
std::optional<uint64_t> IntegerOf(napi_env env, napi_value value, const char* name, uint64_t min,
                                  uint64_t max);
// Either as it is or, if negative, in two's complement.
std::optional<uint64_t> BigIntOf(napi_env env, napi_value value, const char* name);

// Properties of an object of options. Reading them may run code of the caller's.
std::optional<uint64_t> IntegerProperty(Napi::Object options, const char* name, uint64_t min,
                                        uint64_t max);
std::optional<bool> BooleanProperty(Napi::Object options, const char* name);

std::optional<uint64_t> IntegerArgument(const Napi::CallbackInfo& info, size_t index,
                                        const char* name, uint64_t min, uint64_t max);

std::optional<Napi::Object> ObjectArgument(const Napi::CallbackInfo& info, size_t index,
                                           const char* name);

// Without NUL, since the kernel would take what precedes it.
std::optional<std::string> StringArgument(const Napi::CallbackInfo& info, size_t index,
                                          const char* name);

// Adds a property that can neither be changed nor removed; false with an exception pending.
bool DefineConstant(Napi::Object object, const char* name, napi_value value);

}  // namespace leasewire
