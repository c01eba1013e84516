// `CompletionQueue`: its own property `completions` is the memory that poll() fills. Readable when
// the completion that arm() asked for has come.
#pragma once

#include <napi.h>

#include <memory>
#include <utility>

#include "napi/readable.h"
#include "verbs/completion_queue.h"

namespace leasewire {

class CompletionQueueWrap : public Readable {
 public:
  static constexpr const char* kName = "CompletionQueue";
  static constexpr napi_type_tag kTag{0x9ad90e2488ec07d4, 0xd1d27485c16549f0};

  static Napi::Function Define(napi_env env);
  static std::unique_ptr<CompletionQueueWrap> Construct(const Napi::CallbackInfo& info);
  bool Initialize(Napi::Object self);

  // For use by `syscall`; EBADF once closed.
  Result<std::shared_ptr<CompletionQueue>> QueueFor(const char* syscall) const;
  Napi::Value Close(const Napi::CallbackInfo& info);

 private:
  CompletionQueueWrap(std::shared_ptr<CompletionQueue> queue, UniqueFd events)
      : Readable(std::move(events)), queue_(std::move(queue)) {}
  napi_value Poll(napi_env env, const DataArguments& arguments);
  napi_value Arm(napi_env env, const DataArguments& arguments);
  napi_value Drain(napi_env env, const DataArguments& arguments);

  // Null once closed.
  std::shared_ptr<CompletionQueue> queue_;
  // Shared with JavaScript's buffer, which may be detached or outlive this.
  std::shared_ptr<Completions> completions_ = std::make_shared<Completions>();
};

}  // namespace leasewire
