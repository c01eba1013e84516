#include "napi/poll_watch.h"

#include <uv.h>

#include <utility>

#include "napi/environment.h"

namespace leasewire {

// Lives until uv calls OnClosed(); `watch` is null from Stop() on.
struct PollWatch::Handle {
  uv_poll_t poll;
  Environment* environment;
  PollWatch* watch;

  Status Listen() {
    const int status = uv_poll_start(&poll, UV_READABLE, OnPoll);
    return status == 0 ? Status() : Status(-status, "uv_poll_start");
  }

  uv_handle_t* base() { return reinterpret_cast<uv_handle_t*>(&poll); }

  static void OnPoll(uv_poll_t* poll, int status, int /* events */) {
    auto* handle = static_cast<Handle*>(poll->data);
    if (handle->watch == nullptr) return;
    handle->watch->Call();
    // On POLLERR uv stops polling; but an error is taken by receive() or drain(), and life goes on.
    // Listening again can only fail for want of memory, and the next watch() will then say so.
    if (status < 0 && handle->watch != nullptr) static_cast<void>(handle->Listen().ok());
  }

  static void OnClosed(uv_handle_t* base) {
    auto* handle = static_cast<Handle*>(base->data);
    Environment* environment = handle->environment;
    delete handle;
    environment->OnHandleClosed();
  }
};

Status PollWatch::Start(int fd, Napi::Object receiver, Napi::Function callback) {
  const napi_env env = receiver.Env();
  if (handle_ != nullptr) {
    callback_ = Napi::Persistent(callback);
    return {};
  }
  Environment& environment = Environment::Of(env);
  if (environment.ending()) return {ECANCELED, "uv_poll_init"};
  auto* handle = new Handle{{}, &environment, this};
  const int status = uv_poll_init(environment.loop(), &handle->poll, fd);
  if (status != 0) {
    delete handle;  // uv does not know a handle that it refused.
    return {-status, "uv_poll_init"};
  }
  handle->poll.data = handle;
  handle_ = handle;
  environment.AddWatch(this);
  receiver_ = Napi::Persistent(receiver);
  callback_ = Napi::Persistent(callback);
  napi_async_init(env, receiver, Napi::String::New(env, "leasewire:watch"), &async_context_);
  ApplyReferenced();
  const Status listening = handle->Listen();
  if (!listening.ok()) Stop();
  return listening;
}

void PollWatch::Stop() {
  if (handle_ == nullptr) return;
  Handle* handle = std::exchange(handle_, nullptr);
  handle->watch = nullptr;
  // Takes the descriptor out of epoll at once, so that the caller may close it.
  uv_poll_stop(&handle->poll);
  handle->environment->RemoveWatch(this);
  uv_close(handle->base(), Handle::OnClosed);
  if (async_context_ != nullptr) {
    napi_async_destroy(callback_.Env(), std::exchange(async_context_, nullptr));
  }
  callback_.Reset();
  receiver_.Reset();
}

void PollWatch::SetReferenced(bool referenced) {
  referenced_ = referenced;
  if (handle_ != nullptr) ApplyReferenced();
}

void PollWatch::ApplyReferenced() {
  if (referenced_) {
    uv_ref(handle_->base());
  } else {
    uv_unref(handle_->base());
  }
}

void PollWatch::Call() {
  const Napi::Env env = callback_.Env();
  const Napi::HandleScope scope(env);
  const napi_value receiver = receiver_.Value();
  const napi_value callback = callback_.Value();
  if (napi_make_callback(env, async_context_, receiver, callback, 0, nullptr, nullptr) == napi_ok) {
    return;
  }
  // Nothing is pending when the environment is being terminated.
  bool pending = false;
  napi_value error = nullptr;
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok) {
    napi_fatal_exception(env, error);
  }
}

}  // namespace leasewire
