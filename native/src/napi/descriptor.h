// `Descriptor`: an owned file descriptor as JavaScript sees it. One that belongs to a doorbell only
// lends that doorbell's descriptor, and closes nothing.
#pragma once

#include <napi.h>

#include <memory>

#include "napi/wrapped_class.h"
#include "os/unique_fd.h"

namespace leasewire {

class DescriptorWrap {
 public:
  static constexpr const char* kName = "Descriptor";
  static constexpr napi_type_tag kTag{0x7dbb6a3c01f94f5e, 0x8f3f5f0a9f0e4b61};

  static Napi::Function Define(napi_env env);
  static Napi::Value New(napi_env env, UniqueFd fd);
  static Napi::Value NewLent(napi_env env, std::shared_ptr<UniqueFd> fd);
  static std::unique_ptr<DescriptorWrap> Construct(const Napi::CallbackInfo& info);
  bool Initialize(Napi::Object) { return true; }

  // For use by `syscall`; EBADF once closed.
  Result<int> FdFor(const char* syscall) const;
  // Takes the descriptor over, after which this one is closed; one that is lent is duplicated.
  Result<UniqueFd> Take();

 private:
  DescriptorWrap(std::shared_ptr<UniqueFd> fd, bool lent) : fd_(std::move(fd)), lent_(lent) {}
  Napi::Value Close(const Napi::CallbackInfo& info);
  Napi::Value Closed(const Napi::CallbackInfo& info);

  std::shared_ptr<UniqueFd> fd_;
  bool lent_;
};

}  // namespace leasewire
