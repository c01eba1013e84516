#include "napi/protection_domain.h"

#include "napi/verbs_context.h"

namespace leasewire {

using Class = WrappedClass<ProtectionDomainWrap>;

Napi::Function ProtectionDomainWrap::Define(napi_env env) {
  return Class::Define(env, {Class::Method<&ProtectionDomainWrap::Close>("close"),
                             Class::Getter<&ProtectionDomainWrap::Closed>("closed")});
}

std::unique_ptr<ProtectionDomainWrap> ProtectionDomainWrap::Construct(
    const Napi::CallbackInfo& info) {
  const auto* wrap = WrappedClass<VerbsContextWrap>::Argument(info, 0, "context");
  if (wrap == nullptr) return nullptr;
  auto context = wrap->ContextFor("ibv_alloc_pd");
  if (!context.ok()) {
    ThrowStatus(info.Env(), context.status());
    return nullptr;
  }
  auto domain = ProtectionDomain::Open(std::move(context.value()));
  if (!domain.ok()) {
    ThrowStatus(info.Env(), domain.status());
    return nullptr;
  }
  return std::unique_ptr<ProtectionDomainWrap>(new ProtectionDomainWrap(std::move(domain.value())));
}

Result<std::shared_ptr<ProtectionDomain>> ProtectionDomainWrap::DomainFor(
    const char* syscall) const {
  if (domain_ == nullptr) return Status(EBADF, syscall);
  return domain_;
}

Napi::Value ProtectionDomainWrap::Close(const Napi::CallbackInfo& info) {
  domain_.reset();
  return info.Env().Undefined();
}

Napi::Value ProtectionDomainWrap::Closed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), domain_ == nullptr);
}

}  // namespace leasewire
