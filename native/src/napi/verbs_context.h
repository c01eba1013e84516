// `VerbsContext`: an opened RDMA device, watched for its asynchronous events. Closed while others
// that were made from it live, it only ends with the last of them.
#pragma once

#include <napi.h>

#include <memory>
#include <utility>

#include "napi/readable.h"
#include "verbs/context.h"

namespace leasewire {

class VerbsContextWrap : public Readable {
 public:
  static constexpr const char* kName = "VerbsContext";
  static constexpr napi_type_tag kTag{0xc817df2eb774874c, 0x21879987089145f3};

  static Napi::Function Define(napi_env env);
  static std::unique_ptr<VerbsContextWrap> Construct(const Napi::CallbackInfo& info);
  bool Initialize(Napi::Object self);

  // For use by `syscall`; EBADF once closed.
  Result<std::shared_ptr<VerbsContext>> ContextFor(const char* syscall) const;
  Napi::Value Close(const Napi::CallbackInfo& info);

 private:
  VerbsContextWrap(std::shared_ptr<VerbsContext> context, UniqueFd events)
      : Readable(std::move(events)), context_(std::move(context)) {}
  Napi::Value PortActive(const Napi::CallbackInfo& info);
  Napi::Value NextEvent(const Napi::CallbackInfo& info);

  // Null once closed.
  std::shared_ptr<VerbsContext> context_;
};

}  // namespace leasewire
