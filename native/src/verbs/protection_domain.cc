#include "verbs/protection_domain.h"

namespace leasewire {

Result<std::shared_ptr<ProtectionDomain>> ProtectionDomain::Open(
    std::shared_ptr<VerbsContext> context) {
  ibv::Pd* pd = context->verbs().alloc_pd(context->get());
  if (pd == nullptr) return Status::FromErrno("ibv_alloc_pd");
  return std::shared_ptr<ProtectionDomain>(new ProtectionDomain(std::move(context), pd));
}

}  // namespace leasewire
