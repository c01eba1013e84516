#include "napi/doorbell.h"

#include "napi/arguments.h"
#include "napi/descriptor.h"
#include "os/event_fd.h"

namespace leasewire {
namespace {

using Class = WrappedClass<DoorbellWrap>;

Result<UniqueFd> TakeEventFd(DescriptorWrap& descriptor) {
  auto fd = descriptor.FdFor("readlink");
  if (!fd.ok()) return fd.status();
  // Before it is taken: a refused descriptor stays the caller's.
  if (const Status verified = VerifyEventFd(fd.value()); !verified.ok()) return verified;
  return descriptor.Take();
}

}  // namespace

Napi::Function DoorbellWrap::Define(napi_env env) {
  return DefineReadable<DoorbellWrap>(env, {Class::Method<&DoorbellWrap::Ring>("ring"),
                                            Class::Method<&DoorbellWrap::Drain>("drain")});
}

std::unique_ptr<DoorbellWrap> DoorbellWrap::Construct(const Napi::CallbackInfo& info) {
  const bool fresh = info[0].IsUndefined();
  auto* peer = fresh ? nullptr : WrappedClass<DescriptorWrap>::Argument(info, 0, "descriptor");
  if (!fresh && peer == nullptr) return nullptr;
  auto fd = fresh ? CreateEventFd() : TakeEventFd(*peer);
  if (!fd.ok()) {
    ThrowStatus(info.Env(), fd.status());
    return nullptr;
  }
  return std::unique_ptr<DoorbellWrap>(new DoorbellWrap(std::move(fd.value())));
}

bool DoorbellWrap::Initialize(Napi::Object self) {
  const Napi::Value descriptor = DescriptorWrap::NewLent(self.Env(), shared_fd());
  return !descriptor.IsEmpty() && DefineConstant(self, "descriptor", descriptor);
}

Napi::Value DoorbellWrap::Ring(const Napi::CallbackInfo& info) {
  auto open = FdFor("write");
  if (!open.ok()) return ThrowStatus(info.Env(), open.status());
  const Status rung = RingEventFd(open.value());
  return rung.ok() ? info.Env().Undefined() : ThrowStatus(info.Env(), rung);
}

Napi::Value DoorbellWrap::Drain(const Napi::CallbackInfo& info) {
  auto open = FdFor("preadv2");
  if (!open.ok()) return ThrowStatus(info.Env(), open.status());
  auto drained = DrainEventFd(open.value());
  if (!drained.ok()) return ThrowStatus(info.Env(), drained.status());
  return Napi::Boolean::New(info.Env(), drained.value());
}

}  // namespace leasewire
