#include "napi/environment.h"

#include <utility>

#include "napi/poll_watch.h"

namespace leasewire {
namespace {

void Delete(napi_env, void* environment, void*) { delete static_cast<Environment*>(environment); }

}  // namespace

Environment* Environment::Create(napi_env env) {
  auto* environment = new Environment();
  if (napi_set_instance_data(env, environment, Delete, nullptr) != napi_ok ||
      napi_get_uv_event_loop(env, &environment->loop_) != napi_ok ||
      napi_add_async_cleanup_hook(env, OnCleanup, environment, &environment->cleanup_) != napi_ok) {
    napi_throw_error(env, nullptr, "leasewire: this environment can not load the addon");
    return nullptr;
  }
  return environment;
}

Environment& Environment::Of(napi_env env) {
  void* environment = nullptr;
  napi_get_instance_data(env, &environment);
  return *static_cast<Environment*>(environment);
}

void Environment::AddWatch(PollWatch* watch) {
  watches_.insert(watch);
  ++handles_open_;
}

void Environment::OnHandleClosed() {
  --handles_open_;
  if (cleanup_started_) FinishCleanup();
}

// Node runs the loop until FinishCleanup(); it keeps the environment, and so this object, until
// then.
void Environment::OnCleanup(napi_async_cleanup_hook_handle, void* self) {
  auto* environment = static_cast<Environment*>(self);
  environment->cleanup_started_ = true;
  while (!environment->watches_.empty()) (*environment->watches_.begin())->Stop();
  environment->FinishCleanup();
}

void Environment::FinishCleanup() {
  if (handles_open_ > 0 || cleanup_ == nullptr) return;
  napi_remove_async_cleanup_hook(std::exchange(cleanup_, nullptr));
}

}  // namespace leasewire
