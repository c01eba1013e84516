// What every class that can be watched shares: a descriptor, and a watch on it that
// is stopped before the descriptor closes. While watched, the object is not collected.
#pragma once

#include <napi.h>

#include <memory>
#include <utility>
#include <vector>

#include "napi/poll_watch.h"
#include "napi/wrapped_class.h"
#include "os/unique_fd.h"

namespace leasewire {

class Readable {
 public:
  // The Readable of `value`; nullptr if it is none.
  static Readable* From(napi_env env, napi_value value);

  // For use by `syscall`; EBADF once closed.
  Result<int> FdFor(const char* syscall) const;

  Napi::Value Watch(const Napi::CallbackInfo& info);
  Napi::Value Unwatch(const Napi::CallbackInfo& info);
  Napi::Value Ref(const Napi::CallbackInfo& info);
  Napi::Value Unref(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  Napi::Value Closed(const Napi::CallbackInfo& info);

 protected:
  explicit Readable(UniqueFd fd) : fd_(std::make_shared<UniqueFd>(std::move(fd))) {}
  ~Readable() = default;
  const std::shared_ptr<UniqueFd>& shared_fd() const { return fd_; }

 private:
  // Shared with the descriptor that a doorbell lends; closed by close(), or with the last sharer.
  std::shared_ptr<UniqueFd> fd_;
  PollWatch watch_;
};

// Defines the class of a Readable: the members above, and its own.
template <class T>
Napi::Function DefineReadable(napi_env env, std::vector<napi_property_descriptor> members) {
  using Class = WrappedClass<T>;
  members.push_back(Class::template Method<&T::Watch>("watch"));
  members.push_back(Class::template Method<&T::Unwatch>("unwatch"));
  members.push_back(Class::template Method<&T::Ref>("ref"));
  members.push_back(Class::template Method<&T::Unref>("unref"));
  members.push_back(Class::template Method<&T::Close>("close"));
  members.push_back(Class::template Getter<&T::Closed>("closed"));
  return Class::Define(env, members);
}

}  // namespace leasewire
