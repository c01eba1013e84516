#include "napi/remote_region.h"

#include "napi/arguments.h"

namespace leasewire {

using Class = WrappedClass<RemoteRegionWrap>;

Napi::Function RemoteRegionWrap::Define(napi_env env) { return Class::Define(env, {}); }

std::unique_ptr<RemoteRegionWrap> RemoteRegionWrap::Construct(const Napi::CallbackInfo& info) {
  const auto address = BigIntOf(info.Env(), info[0], "address");
  if (!address) return nullptr;
  const auto rkey = IntegerArgument(info, 1, "rkey", 0, UINT32_MAX);
  if (!rkey) return nullptr;
  const auto bytes = IntegerArgument(info, 2, "bytes", 0, kSafeIntegerMax);
  if (!bytes) return nullptr;
  if (*bytes > UINT64_MAX - *address) {
    ThrowRangeError(info.Env(), "address and bytes must stay within 64 bits");
    return nullptr;
  }
  const RemoteRegion region{*address, *bytes, static_cast<uint32_t>(*rkey)};
  return std::unique_ptr<RemoteRegionWrap>(new RemoteRegionWrap(region));
}

bool RemoteRegionWrap::Initialize(Napi::Object self) {
  const auto bytes = static_cast<double>(region_.bytes);
  return DefineConstant(self, "address", Napi::BigInt::New(self.Env(), region_.address)) &&
         DefineConstant(self, "rkey", Napi::Number::New(self.Env(), region_.rkey)) &&
         DefineConstant(self, "bytes", Napi::Number::New(self.Env(), bytes));
}

}  // namespace leasewire
