// What the addon keeps for one JavaScript environment (the main thread or one worker), as its
// instance data. Owns the constructors and knows every open uv handle: the environment does not end
// before all of them are closed.
#pragma once

#include <napi.h>
#include <uv.h>

#include <unordered_set>

namespace leasewire {

class PollWatch;

class Environment {
 public:
  // Makes the instance data of `env`; nullptr, with an exception pending, if that fails.
  static Environment* Create(napi_env env);
  static Environment& Of(napi_env env);

  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  uv_loop_t* loop() const { return loop_; }
  bool ending() const { return cleanup_started_; }

  void AddWatch(PollWatch* watch);
  void RemoveWatch(PollWatch* watch) { watches_.erase(watch); }
  // Follows each RemoveWatch() once uv has let go of the handle.
  void OnHandleClosed();

  Napi::FunctionReference descriptor_constructor;
  Napi::FunctionReference socket_constructor;
  // The unique_ptr<T> that a constructor called from C++ wraps; see WrappedClass.
  void* construction = nullptr;

 private:
  Environment() = default;
  static void OnCleanup(napi_async_cleanup_hook_handle handle, void* self);
  void FinishCleanup();

  uv_loop_t* loop_ = nullptr;
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
  bool cleanup_started_ = false;
  std::unordered_set<PollWatch*> watches_;
  size_t handles_open_ = 0;
};

}  // namespace leasewire
