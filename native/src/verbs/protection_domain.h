// Owns one protection domain: only regions and queue pairs of the same one work together.
#pragma once

#include <memory>
#include <utility>

#include "verbs/context.h"

namespace leasewire {

class ProtectionDomain {
 public:
  static Result<std::shared_ptr<ProtectionDomain>> Open(std::shared_ptr<VerbsContext> context);

  ProtectionDomain(const ProtectionDomain&) = delete;
  ProtectionDomain& operator=(const ProtectionDomain&) = delete;
  ~ProtectionDomain() { context_->verbs().dealloc_pd(pd_); }

  ibv::Pd* get() const { return pd_; }
  const VerbsContext& context() const { return *context_; }

 private:
  ProtectionDomain(std::shared_ptr<VerbsContext> context, ibv::Pd* pd)
      : context_(std::move(context)), pd_(pd) {}

  std::shared_ptr<VerbsContext> context_;
  ibv::Pd* pd_;
};

}  // namespace leasewire
