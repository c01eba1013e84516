#include "napi/completion_queue.h"

#include "napi/arguments.h"
#include "napi/verbs_context.h"

namespace leasewire {
namespace {

using Class = WrappedClass<CompletionQueueWrap>;
using SharedCompletions = std::shared_ptr<Completions>;

void Release(napi_env, void*, void* share) { delete static_cast<SharedCompletions*>(share); }

// An ArrayBuffer over the completions; null with an exception pending.
napi_value BufferOf(napi_env env, const SharedCompletions& completions) {
  auto* share = new SharedCompletions(completions);
  napi_value buffer = nullptr;
  const napi_status status = napi_create_external_arraybuffer(
      env, completions->data(), sizeof(Completions), Release, share, &buffer);
  // As for a mapping: unless Node refused to begin, it calls the finalizer even if it fails.
  if (status != napi_ok && status != napi_generic_failure) delete share;
  if (status == napi_no_external_buffers_allowed) {
    ThrowTypeError(env, "this runtime forbids external ArrayBuffers, so there is no polling");
  }
  return status == napi_ok ? buffer : nullptr;
}

Result<UniqueFd> EventsOf(const CompletionQueue& queue) {
  // The channel's own descriptor closes with the queue, which may live longer.
  UniqueFd lent(queue.fd());
  auto duplicate = lent.Duplicate();
  lent.Release();
  return duplicate;
}

napi_value UndefinedOrThrow(napi_env env, Status status) {
  return status.ok() ? Napi::Env(env).Undefined() : ThrowStatus(env, status);
}

}  // namespace

Napi::Function CompletionQueueWrap::Define(napi_env env) {
  return DefineReadable<CompletionQueueWrap>(
      env, {Class::DataMethod<&CompletionQueueWrap::Poll>("poll"),
            Class::DataMethod<&CompletionQueueWrap::Arm>("arm"),
            Class::DataMethod<&CompletionQueueWrap::Drain>("drain")});
}

std::unique_ptr<CompletionQueueWrap> CompletionQueueWrap::Construct(
    const Napi::CallbackInfo& info) {
  const auto* wrap = WrappedClass<VerbsContextWrap>::Argument(info, 0, "context");
  if (wrap == nullptr) return nullptr;
  const auto entries_max = IntegerArgument(info, 1, "entriesMax", 1, INT32_MAX);
  if (!entries_max) return nullptr;
  auto context = wrap->ContextFor("ibv_create_cq");
  if (!context.ok()) {
    ThrowStatus(info.Env(), context.status());
    return nullptr;
  }
  auto queue =
      CompletionQueue::Open(std::move(context.value()), static_cast<uint32_t>(*entries_max));
  if (!queue.ok()) {
    ThrowStatus(info.Env(), queue.status());
    return nullptr;
  }
  auto events = EventsOf(*queue.value());
  if (!events.ok()) {
    ThrowStatus(info.Env(), events.status());
    return nullptr;
  }
  return std::unique_ptr<CompletionQueueWrap>(
      new CompletionQueueWrap(std::move(queue.value()), std::move(events.value())));
}

bool CompletionQueueWrap::Initialize(Napi::Object self) {
  const napi_value buffer = BufferOf(self.Env(), completions_);
  if (buffer == nullptr) return false;
  constexpr size_t kWords = sizeof(Completions) / sizeof(uint32_t);
  napi_value words = nullptr;
  return napi_create_typedarray(self.Env(), napi_uint32_array, kWords, buffer, 0, &words) ==
             napi_ok &&
         DefineConstant(self, "completions", words);
}

Result<std::shared_ptr<CompletionQueue>> CompletionQueueWrap::QueueFor(const char* syscall) const {
  if (queue_ == nullptr) return Status(EBADF, syscall);
  return queue_;
}

napi_value CompletionQueueWrap::Poll(napi_env env, const DataArguments& arguments) {
  const auto looks = IntegerOf(env, arguments[0], "looks", 1, UINT32_MAX);
  if (!looks) return nullptr;
  if (queue_ == nullptr) return ThrowStatus(env, Status(EBADF, "ibv_poll_cq"));
  auto polled = queue_->Poll(*completions_, static_cast<uint32_t>(*looks));
  if (!polled.ok()) return ThrowStatus(env, polled.status());
  napi_value count = nullptr;
  napi_create_uint32(env, static_cast<uint32_t>(polled.value()), &count);
  return count;
}

napi_value CompletionQueueWrap::Arm(napi_env env, const DataArguments&) {
  if (queue_ == nullptr) return ThrowStatus(env, Status(EBADF, "ibv_req_notify_cq"));
  return UndefinedOrThrow(env, queue_->Arm());
}

napi_value CompletionQueueWrap::Drain(napi_env env, const DataArguments&) {
  if (queue_ == nullptr) return ThrowStatus(env, Status(EBADF, "ibv_get_cq_event"));
  return UndefinedOrThrow(env, queue_->Drain());
}

Napi::Value CompletionQueueWrap::Close(const Napi::CallbackInfo& info) {
  const Napi::Value closed = Readable::Close(info);
  queue_.reset();
  return closed;
}

}  // namespace leasewire
