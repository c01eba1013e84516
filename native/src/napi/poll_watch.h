// Calls a JavaScript function from the event loop while a descriptor is readable. Owns the uv
// handle, which outlives Stop() until uv has closed it; keeps callback and receiver alive from
// Start() to Stop(). The descriptor must stay open until Stop() has returned.
#pragma once

#include <napi.h>

#include "os/status.h"

namespace leasewire {

class Environment;

class PollWatch {
 public:
  PollWatch() = default;
  PollWatch(const PollWatch&) = delete;
  PollWatch& operator=(const PollWatch&) = delete;
  ~PollWatch() { Stop(); }

  // Replaces the callback if already started.
  Status Start(int fd, Napi::Object receiver, Napi::Function callback);
  // Safe at any time, also inside the callback; harmless when not started.
  void Stop();
  // Whether a started watch keeps the event loop alive; remembered while stopped.
  void SetReferenced(bool referenced);

 private:
  struct Handle;

  void Call();
  void ApplyReferenced();

  Handle* handle_ = nullptr;
  bool referenced_ = false;
  napi_async_context async_context_ = nullptr;
  Napi::ObjectReference receiver_;
  Napi::FunctionReference callback_;
};

}  // namespace leasewire
