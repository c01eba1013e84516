#include "napi/wait.h"

#include <array>
#include <optional>
#include <span>

#include "napi/error.h"
#include "napi/readable.h"
#include "os/wait.h"

namespace leasewire {
namespace {

using Descriptors = std::array<int, kWaitDescriptorsMax>;

// Fills `fds` from an array of `count` Readables; false with an exception pending. As in send(),
// all elements are read before any descriptor is looked at, since they may be accessors.
bool ReadDescriptors(napi_env env, napi_value readables, uint32_t count, Descriptors& fds) {
  std::array<napi_value, kWaitDescriptorsMax> elements{};
  for (uint32_t i = 0; i < count; ++i) {
    if (napi_get_element(env, readables, i, &elements[i]) != napi_ok) return false;
  }
  for (uint32_t i = 0; i < count; ++i) {
    const Readable* readable = Readable::From(env, elements[i]);
    if (readable == nullptr) {
      ThrowTypeError(env, "readables must be of the classes that can be watched");
      return false;
    }
    auto fd = readable->FdFor("ppoll");
    if (!fd.ok()) {
      ThrowStatus(env, fd.status());
      return false;
    }
    fds[i] = fd.value();
  }
  return true;
}

// Whether the environment still runs JavaScript. A worker that is being terminated does not, and
// whoever terminates it waits for this thread. Any call that might run JavaScript tells.
bool RunsJavaScript(napi_env env, napi_value array) {
  bool has = false;
  return napi_has_own_property(env, array, Napi::String::New(env, "length"), &has) == napi_ok;
}

}  // namespace

Napi::Value WaitReadableFunction(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsArray()) return ThrowTypeError(env, "readables must be an array");
  if (!info[1].IsNumber()) return ThrowTypeError(env, "timeoutMs must be a number");
  const double timeout_ms = info[1].As<Napi::Number>().DoubleValue();
  // Written so that NaN fails too.
  if (!(timeout_ms >= 0)) return ThrowRangeError(env, "timeoutMs must not be negative or NaN");
  const uint32_t count = info[0].As<Napi::Array>().Length();
  if (count > kWaitDescriptorsMax) {
    return ThrowRangeError(env, "readables must be at most " + std::to_string(kWaitDescriptorsMax));
  }
  Descriptors fds{};
  if (!ReadDescriptors(env, info[0], count, fds)) return {};
  auto bits = WaitReadable(std::span(fds.data(), count), timeout_ms, [&info] {
    const Napi::HandleScope scope(info.Env());
    return RunsJavaScript(info.Env(), info[0]);
  });
  if (!bits.ok()) return ThrowStatus(env, bits.status());
  return Napi::Number::New(env, bits.value());
}

}  // namespace leasewire
