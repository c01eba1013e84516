#include "napi/memfd.h"

#include <unistd.h>
#include <uv.h>

#include "napi/arguments.h"
#include "napi/descriptor.h"
#include "napi/error.h"
#include "os/memfd.h"

namespace leasewire {
namespace {

// Asked for more than there is, the kernel does not refuse: it reserves until its OOM killer comes.
// Page cache counts as available, as the kernel can drop it.
bool IsAvailable(uint64_t bytes) {
  const uint64_t limit = uv_get_constrained_memory();
  return bytes <= uv_get_free_memory() && (limit == 0 || bytes <= limit);
}

}  // namespace

Napi::Value CreateSealedMemfdFunction(const Napi::CallbackInfo& info) {
  const auto name = StringArgument(info, 0, "name");
  if (!name) return {};
  const auto page_bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const auto bytes = IntegerArgument(info, 1, "bytes", page_bytes, kSafeIntegerMax);
  if (!bytes) return {};
  if (*bytes % page_bytes != 0) {
    return ThrowRangeError(info.Env(), "bytes must be a multiple of " + std::to_string(page_bytes));
  }
  if (!info[2].IsBoolean()) return ThrowTypeError(info.Env(), "hugePages must be a boolean");
  const bool huge_pages = info[2].As<Napi::Boolean>().Value();
  // Huge pages are a pool apart, which is reserved from or refuses.
  if (!huge_pages && !IsAvailable(*bytes)) {
    return ThrowStatus(info.Env(), Status(ENOMEM, "fallocate"));
  }
  auto fd = CreateSealedMemfd(*name, *bytes, huge_pages);
  if (!fd.ok()) return ThrowStatus(info.Env(), fd.status());
  return DescriptorWrap::New(info.Env(), std::move(fd.value()));
}

Napi::Value InspectMemfdFunction(const Napi::CallbackInfo& info) {
  const auto* descriptor = WrappedClass<DescriptorWrap>::Argument(info, 0, "descriptor");
  if (descriptor == nullptr) return {};
  auto fd = descriptor->FdFor("fcntl");
  if (!fd.ok()) return ThrowStatus(info.Env(), fd.status());
  auto memfd = InspectMemfd(fd.value());
  if (!memfd.ok()) return ThrowStatus(info.Env(), memfd.status());
  auto result = Napi::Object::New(info.Env());
  result.Set("bytes", Napi::Number::New(info.Env(), static_cast<double>(memfd.value().bytes)));
  result.Set("sealed", Napi::Boolean::New(info.Env(), memfd.value().sealed));
  return result;
}

}  // namespace leasewire
