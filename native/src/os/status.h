// The outcome of an operating-system call: success, or an errno and the call that returned it.
// Both types must be looked at; a Result holds a value exactly when its status is ok.
#pragma once

#include <cerrno>
#include <optional>
#include <utility>

namespace leasewire {

class [[nodiscard]] Status {
 public:
  Status() = default;
  // `reason` says more than the errno's own description does.
  Status(int code, const char* syscall, const char* reason = nullptr)
      : code_(code), syscall_(syscall), reason_(reason) {}
  static Status FromErrno(const char* syscall) { return {errno, syscall}; }

  bool ok() const { return code_ == 0; }
  // A positive errno, 0 when ok.
  int code() const { return code_; }
  // A string literal; nullptr when ok.
  const char* syscall() const { return syscall_; }
  // A string literal; nullptr where the errno says it all.
  const char* reason() const { return reason_; }

 private:
  int code_ = 0;
  const char* syscall_ = nullptr;
  const char* reason_ = nullptr;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status status) : status_(status) {}

  bool ok() const { return status_.ok(); }
  Status status() const { return status_; }
  T& value() { return *value_; }

 private:
  Status status_;
  std::optional<T> value_;
};

}  // namespace leasewire
