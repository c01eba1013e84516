#include "napi/arguments.h"

#include <cmath>

#include "napi/error.h"

namespace leasewire {

std::optional<uint64_t> IntegerOf(napi_env env, napi_value value, const char* name, uint64_t min,
                                  uint64_t max) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) {
    ThrowTypeError(env, std::string(name) + " must be a number");
    return std::nullopt;
  }
  // Written so that NaN fails too.
  if (!(number >= static_cast<double>(min) && number <= static_cast<double>(max)) ||
      std::trunc(number) != number) {
    ThrowRangeError(env, std::string(name) + " must be an integer from " + std::to_string(min) +
                             " to " + std::to_string(max));
    return std::nullopt;
  }
  return static_cast<uint64_t>(number);
}

std::optional<uint64_t> BigIntOf(napi_env env, napi_value value, const char* name) {
  bool lossless = false;
  uint64_t number = 0;
  if (napi_get_value_bigint_uint64(env, value, &number, &lossless) != napi_ok) {
    ThrowTypeError(env, std::string(name) + " must be a bigint");
    return std::nullopt;
  }
  if (lossless) return number;
  int64_t negative = 0;
  napi_get_value_bigint_int64(env, value, &negative, &lossless);
  if (lossless) return static_cast<uint64_t>(negative);
  ThrowRangeError(env, std::string(name) + " must have at most 64 bits");
  return std::nullopt;
}

std::optional<uint64_t> IntegerProperty(Napi::Object options, const char* name, uint64_t min,
                                        uint64_t max) {
  napi_value value = nullptr;
  if (napi_get_named_property(options.Env(), options, name, &value) != napi_ok) return std::nullopt;
  return IntegerOf(options.Env(), value, name, min, max);
}

std::optional<bool> BooleanProperty(Napi::Object options, const char* name) {
  napi_value value = nullptr;
  bool result = false;
  if (napi_get_named_property(options.Env(), options, name, &value) != napi_ok) return std::nullopt;
  if (napi_get_value_bool(options.Env(), value, &result) != napi_ok) {
    ThrowTypeError(options.Env(), std::string(name) + " must be a boolean");
    return std::nullopt;
  }
  return result;
}

std::optional<uint64_t> IntegerArgument(const Napi::CallbackInfo& info, size_t index,
                                        const char* name, uint64_t min, uint64_t max) {
  return IntegerOf(info.Env(), info[index], name, min, max);
}

std::optional<Napi::Object> ObjectArgument(const Napi::CallbackInfo& info, size_t index,
                                           const char* name) {
  if (info[index].IsObject()) return info[index].As<Napi::Object>();
  ThrowTypeError(info.Env(), std::string(name) + " must be an object");
  return std::nullopt;
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
