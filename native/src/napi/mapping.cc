#include "napi/mapping.h"

#include "napi/arguments.h"
#include "napi/descriptor.h"

namespace leasewire {
namespace {

using Class = WrappedClass<MappingWrap>;
using SharedMapping = std::shared_ptr<Mapping>;
using WeakMapping = std::weak_ptr<Mapping>;

// Of an ArrayBuffer that wraps a WeakMapping.
constexpr napi_type_tag kBufferTag{0x5c0e7a19d3b84f26, 0xb15f2c84e6907ad3};

// Node 20 refuses longer external buffers.
constexpr uint64_t kBufferBytesMax = uint64_t{1} << 32;

// Node calls this once, on the environment's thread: some time after the backing store lost its
// last user (the ArrayBuffer was collected or detached), or else while the environment ends.
void Release(napi_env, void*, void* share) { delete static_cast<SharedMapping*>(share); }

void Forget(napi_env, void* mark, void*) { delete static_cast<WeakMapping*>(mark); }

}  // namespace

Napi::Function MappingWrap::Define(napi_env env) {
  return Class::Define(env, {Class::Method<&MappingWrap::Close>("close"),
                             Class::Getter<&MappingWrap::Closed>("closed")});
}

std::unique_ptr<MappingWrap> MappingWrap::Construct(const Napi::CallbackInfo& info) {
  const auto* descriptor = WrappedClass<DescriptorWrap>::Argument(info, 0, "descriptor");
  if (descriptor == nullptr) return nullptr;
  const auto bytes = IntegerArgument(info, 1, "bytes", 1, kBufferBytesMax);
  if (!bytes) return nullptr;
  auto fd = descriptor->FdFor("mmap");
  if (!fd.ok()) {
    ThrowStatus(info.Env(), fd.status());
    return nullptr;
  }
  auto mapping = Mapping::Open(fd.value(), *bytes);
  if (!mapping.ok()) {
    ThrowStatus(info.Env(), mapping.status());
    return nullptr;
  }
  return std::unique_ptr<MappingWrap>(new MappingWrap(std::move(mapping.value())));
}

bool MappingWrap::Initialize(Napi::Object self) {
  const napi_env env = self.Env();
  auto* share = new SharedMapping(mapping_);
  napi_value buffer = nullptr;
  const napi_status status = napi_create_external_arraybuffer(
      env, mapping_->data(), mapping_->bytes(), Release, share, &buffer);
  // Node calls the finalizer even if it fails, unless it refused to begin: because external buffers
  // are forbidden, or because the environment is being terminated.
  if (status != napi_ok && status != napi_generic_failure) delete share;
  if (status == napi_no_external_buffers_allowed) {
    ThrowTypeError(env, "this runtime forbids external ArrayBuffers, so memory can not be leased");
  }
  return status == napi_ok && MarkBuffer(env, buffer) && DefineConstant(self, "buffer", buffer);
}

bool MappingWrap::MarkBuffer(napi_env env, napi_value buffer) const {
  auto* mark = new WeakMapping(mapping_);
  if (napi_wrap(env, buffer, mark, Forget, nullptr, nullptr) != napi_ok) {
    delete mark;
    return false;
  }
  return napi_type_tag_object(env, buffer, &kBufferTag) == napi_ok;
}

std::shared_ptr<Mapping> MappingWrap::OfBuffer(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  bool tagged = false;
  void* mark = nullptr;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return nullptr;
  if (napi_check_object_type_tag(env, value, &kBufferTag, &tagged) != napi_ok || !tagged ||
      napi_unwrap(env, value, &mark) != napi_ok) {
    return nullptr;
  }
  // A buffer that was detached, by close() or by a transfer, lends out nothing any more.
  bool detached = true;
  napi_is_detached_arraybuffer(env, value, &detached);
  return detached ? nullptr : static_cast<WeakMapping*>(mark)->lock();
}

Napi::Value MappingWrap::Close(const Napi::CallbackInfo& info) {
  if (mapping_ == nullptr) return info.Env().Undefined();
  // `buffer` is a constant of `this`, so no code of the caller's runs here. Detaching fails only
  // for a buffer that was transferred away; severing covers its new owner too.
  napi_value buffer = nullptr;
  if (napi_get_named_property(info.Env(), info.This(), "buffer", &buffer) == napi_ok) {
    napi_detach_arraybuffer(info.Env(), buffer);
  }
  mapping_->Sever();
  mapping_.reset();
  return info.Env().Undefined();
}

Napi::Value MappingWrap::Closed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), mapping_ == nullptr);
}

}  // namespace leasewire
