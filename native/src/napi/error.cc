#include "napi/error.h"

#include <uv.h>

#include <array>
#include <cstring>

namespace leasewire {
namespace {

std::string NameOf(int code) {
  std::array<char, 64> name{};
  return uv_err_name_r(-code, name.data(), name.size());
}

std::string DescriptionOf(int code) {
  std::array<char, 128> buffer{};
  return strerror_r(code, buffer.data(), buffer.size());
}

}  // namespace

Napi::Value ThrowStatus(napi_env env, Status status) {
  const std::string code = NameOf(status.code());
  const std::string description =
      status.reason() != nullptr ? status.reason() : DescriptionOf(status.code());
  const std::string message = code + ": " + status.syscall() + ": " + description;
  const auto text = Napi::String::New(env, message);
  napi_value error = nullptr;
  if (napi_create_error(env, Napi::String::New(env, code), text, &error) != napi_ok) return {};
  napi_set_named_property(env, error, "errno", Napi::Number::New(env, status.code()));
  napi_set_named_property(env, error, "syscall", Napi::String::New(env, status.syscall()));
  napi_throw(env, error);
  return {};
}

Napi::Value ThrowTypeError(napi_env env, const std::string& message) {
  napi_throw_type_error(env, nullptr, message.c_str());
  return {};
}

Napi::Value ThrowRangeError(napi_env env, const std::string& message) {
  napi_throw_range_error(env, nullptr, message.c_str());
  return {};
}

}  // namespace leasewire
