#include "napi/arguments.h"

#include <cmath>

#include "napi/error.h"

namespace leasewire {

std::optional<uint64_t> IntegerArgument(const Napi::CallbackInfo& info, size_t index,
                                        const char* name, uint64_t min, uint64_t max) {
  if (!info[index].IsNumber()) {
    ThrowTypeError(info.Env(), std::string(name) + " must be a number");
    return std::nullopt;
  }
  const double value = info[index].As<Napi::Number>().DoubleValue();
  // Written so that NaN fails too.
  if (!(value >= static_cast<double>(min) && value <= static_cast<double>(max)) ||
      std::trunc(value) != value) {
    ThrowRangeError(info.Env(), std::string(name) + " must be an integer from " +
                                    std::to_string(min) + " to " + std::to_string(max));
    return std::nullopt;
  }
  return static_cast<uint64_t>(value);
}

std::optional<std::string> StringArgument(const Napi::CallbackInfo& info, size_t index,
                                          const char* name) {
  if (!info[index].IsString()) {
    ThrowTypeError(info.Env(), std::string(name) + " must be a string");
    return std::nullopt;
  }
  std::string value = info[index].As<Napi::String>().Utf8Value();
  if (value.find('\0') != std::string::npos) {
    ThrowTypeError(info.Env(), std::string(name) + " must not contain NUL");
    return std::nullopt;
  }
  return value;
}

bool DefineConstant(Napi::Object object, const char* name, napi_value value) {
  const napi_property_descriptor constant{name,    nullptr, nullptr,         nullptr,
                                          nullptr, value,   napi_enumerable, nullptr};
  return napi_define_properties(object.Env(), object, 1, &constant) == napi_ok;
}

}  // namespace leasewire
