#include "verbs/memory_region.h"

namespace leasewire {
namespace {

int AccessFlags(RemoteAccess access) {
  int flags = ibv::kAccessLocalWrite;
  if (access.read) flags |= ibv::kAccessRemoteRead;
  if (access.write) flags |= ibv::kAccessRemoteWrite;
  if (access.atomic) flags |= ibv::kAccessRemoteAtomic;
  return flags;
}

}  // namespace

Result<std::unique_ptr<MemoryRegion>> MemoryRegion::Open(std::shared_ptr<ProtectionDomain> domain,
                                                         std::shared_ptr<Mapping> memory,
                                                         size_t offset, size_t bytes,
                                                         RemoteAccess access) {
  char* address = static_cast<char*>(memory->data()) + offset;
  ibv::Mr* mr =
      domain->context().verbs().reg_mr(domain->get(), address, bytes, AccessFlags(access));
  if (mr == nullptr) return Status::FromErrno("ibv_reg_mr");
  return std::unique_ptr<MemoryRegion>(new MemoryRegion(std::move(domain), std::move(memory), mr));
}

Status MemoryRegion::Close() {
  if (mr_ == nullptr) return {};
  const int code = domain_->context().verbs().dereg_mr(mr_);
  if (code != 0) return {code, "ibv_dereg_mr"};
  mr_ = nullptr;
  memory_.reset();
  domain_.reset();
  return {};
}

}  // namespace leasewire
