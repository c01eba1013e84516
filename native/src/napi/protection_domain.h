// `ProtectionDomain`: what regions and queue pairs that work together have in common.
#pragma once

#include <napi.h>

#include <memory>
#include <utility>

#include "napi/wrapped_class.h"
#include "verbs/protection_domain.h"

namespace leasewire {

class ProtectionDomainWrap {
 public:
  static constexpr const char* kName = "ProtectionDomain";
  static constexpr napi_type_tag kTag{0xa44550b36144c04f, 0x01bcf7a2db8192de};

  static Napi::Function Define(napi_env env);
  static std::unique_ptr<ProtectionDomainWrap> Construct(const Napi::CallbackInfo& info);
  bool Initialize(Napi::Object) { return true; }

  // For use by `syscall`; EBADF once closed.
  Result<std::shared_ptr<ProtectionDomain>> DomainFor(const char* syscall) const;

 private:
  explicit ProtectionDomainWrap(std::shared_ptr<ProtectionDomain> domain)
      : domain_(std::move(domain)) {}
  Napi::Value Close(const Napi::CallbackInfo& info);
  Napi::Value Closed(const Napi::CallbackInfo& info);

  // Null once closed.
  std::shared_ptr<ProtectionDomain> domain_;
};

}  // namespace leasewire
