#include "napi/readable.h"

#include "napi/completion_queue.h"
#include "napi/doorbell.h"
#include "napi/seqpacket_listener.h"
#include "napi/seqpacket_socket.h"
#include "napi/verbs_context.h"

namespace leasewire {

Readable* Readable::From(napi_env env, napi_value value) {
  if (auto* doorbell = WrappedClass<DoorbellWrap>::From(env, value)) return doorbell;
  if (auto* socket = WrappedClass<SeqpacketSocketWrap>::From(env, value)) return socket;
  if (auto* queue = WrappedClass<CompletionQueueWrap>::From(env, value)) return queue;
  if (auto* listener = WrappedClass<SeqpacketListenerWrap>::From(env, value)) return listener;
  return WrappedClass<VerbsContextWrap>::From(env, value);
}

Result<int> Readable::FdFor(const char* syscall) const {
  if (!fd_->valid()) return Status(EBADF, syscall);
  return fd_->get();
}

Napi::Value Readable::Watch(const Napi::CallbackInfo& info) {
  if (!info[0].IsFunction()) return ThrowTypeError(info.Env(), "onReadable must be a function");
  auto open = FdFor("uv_poll_init");
  if (!open.ok()) return ThrowStatus(info.Env(), open.status());
  const Status started =
      watch_.Start(open.value(), info.This().As<Napi::Object>(), info[0].As<Napi::Function>());
  return started.ok() ? info.Env().Undefined() : ThrowStatus(info.Env(), started);
}

Napi::Value Readable::Unwatch(const Napi::CallbackInfo& info) {
  watch_.Stop();
  return info.Env().Undefined();
}

Napi::Value Readable::Ref(const Napi::CallbackInfo& info) {
  watch_.SetReferenced(true);
  return info.Env().Undefined();
}

Napi::Value Readable::Unref(const Napi::CallbackInfo& info) {
  watch_.SetReferenced(false);
  return info.Env().Undefined();
}

Napi::Value Readable::Close(const Napi::CallbackInfo& info) {
  watch_.Stop();
  fd_->Reset();
  return info.Env().Undefined();
}

Napi::Value Readable::Closed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), !fd_->valid());
}

}  // namespace leasewire
