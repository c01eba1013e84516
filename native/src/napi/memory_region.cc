#include "napi/memory_region.h"

#include "napi/arguments.h"
#include "napi/mapping.h"
#include "napi/protection_domain.h"
#include "verbs/remote_region.h"

namespace leasewire {
namespace {

using Class = WrappedClass<MemoryRegionWrap>;

struct Range {
  uint64_t offset;
  uint64_t bytes;
};

std::optional<RemoteAccess> AccessArgument(const Napi::CallbackInfo& info, size_t index) {
  const auto options = ObjectArgument(info, index, "access");
  if (!options) return std::nullopt;
  const auto read = BooleanProperty(*options, "remoteRead");
  if (!read) return std::nullopt;
  const auto write = BooleanProperty(*options, "remoteWrite");
  if (!write) return std::nullopt;
  const auto atomic = BooleanProperty(*options, "remoteAtomic");
  if (!atomic) return std::nullopt;
  return RemoteAccess{*read, *write, *atomic};
}

std::optional<Range> RangeArguments(const Napi::CallbackInfo& info) {
  const auto offset = IntegerArgument(info, 2, "offset", 0, kSafeIntegerMax);
  if (!offset) return std::nullopt;
  const auto bytes = IntegerArgument(info, 3, "bytes", 1, kSafeIntegerMax);
  if (!bytes) return std::nullopt;
  return Range{*offset, *bytes};
}

// The memory that `range` is within; null with an exception pending.
std::shared_ptr<Mapping> MemoryArgument(const Napi::CallbackInfo& info, Range range) {
  auto memory = MappingWrap::OfBuffer(info.Env(), info[1]);
  if (memory == nullptr) {
    ThrowTypeError(info.Env(), "buffer must be the buffer of an open Mapping");
  } else if (!IsWithin(range.offset, range.bytes, memory->bytes())) {
    ThrowRangeError(info.Env(), "offset and bytes must be within the buffer's " +
                                    std::to_string(memory->bytes()) + " bytes");
    memory.reset();
  }
  return memory;
}

}  // namespace

Napi::Function MemoryRegionWrap::Define(napi_env env) {
  return Class::Define(env, {Class::Method<&MemoryRegionWrap::Close>("close"),
                             Class::Getter<&MemoryRegionWrap::Closed>("closed")});
}

std::unique_ptr<MemoryRegionWrap> MemoryRegionWrap::Construct(const Napi::CallbackInfo& info) {
  const auto* wrap = WrappedClass<ProtectionDomainWrap>::Argument(info, 0, "domain");
  if (wrap == nullptr) return nullptr;
  const auto range = RangeArguments(info);
  if (!range) return nullptr;
  // Its accessors may close things, which are therefore looked at later.
  const auto access = AccessArgument(info, 4);
  if (!access) return nullptr;
  auto memory = MemoryArgument(info, *range);
  if (memory == nullptr) return nullptr;
  auto domain = wrap->DomainFor("ibv_reg_mr");
  if (!domain.ok()) {
    ThrowStatus(info.Env(), domain.status());
    return nullptr;
  }
  auto region = MemoryRegion::Open(std::move(domain.value()), std::move(memory), range->offset,
                                   range->bytes, *access);
  if (!region.ok()) {
    ThrowStatus(info.Env(), region.status());
    return nullptr;
  }
  return std::unique_ptr<MemoryRegionWrap>(new MemoryRegionWrap(std::move(region.value())));
}

bool MemoryRegionWrap::Initialize(Napi::Object self) {
  const auto bytes = static_cast<double>(region_->bytes());
  return DefineConstant(self, "address", Napi::BigInt::New(self.Env(), region_->address())) &&
         DefineConstant(self, "rkey", Napi::Number::New(self.Env(), region_->rkey())) &&
         DefineConstant(self, "bytes", Napi::Number::New(self.Env(), bytes));
}

Napi::Value MemoryRegionWrap::Close(const Napi::CallbackInfo& info) {
  const Status closed = region_->Close();
  return closed.ok() ? info.Env().Undefined() : ThrowStatus(info.Env(), closed);
}

Napi::Value MemoryRegionWrap::Closed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), !region_->open());
}

}  // namespace leasewire
