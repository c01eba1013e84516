// `QueuePair`: a reliable connection to one queue pair of a peer. Every range that it posts is held
// against its regions here, whatever JavaScript asks for.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <utility>

#include "napi/wrapped_class.h"
#include "verbs/queue_pair.h"

namespace leasewire {

class QueuePairWrap {
 public:
  static constexpr const char* kName = "QueuePair";
  static constexpr napi_type_tag kTag{0x90a3f0092b8cc7bf, 0x06f5f540e9ebb6c1};

  static Napi::Function Define(napi_env env);
  static std::unique_ptr<QueuePairWrap> Construct(const Napi::CallbackInfo& info);
  bool Initialize(Napi::Object self);

 private:
  explicit QueuePairWrap(std::unique_ptr<QueuePair> pair) : pair_(std::move(pair)) {}
  Napi::Value Connect(const Napi::CallbackInfo& info);
  Napi::Value Fail(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  Napi::Value Closed(const Napi::CallbackInfo& info);
  Napi::Value Outstanding(const Napi::CallbackInfo& info);
  Napi::Value SendRoom(const Napi::CallbackInfo& info);

  napi_value Write(napi_env env, const DataArguments& arguments);
  napi_value WriteWithImmediate(napi_env env, const DataArguments& arguments);
  napi_value Read(napi_env env, const DataArguments& arguments);
  napi_value CompareExchange(napi_env env, const DataArguments& arguments);
  napi_value FetchAdd(napi_env env, const DataArguments& arguments);

  struct Ends {
    LocalRange local;
    RemotePlace remote;
  };
  // Of (region, offset, bytes, remote, remoteOffset). Empty with an exception pending, like others.
  std::optional<Ends> RangeEnds(napi_env env, const DataArguments& arguments) const;
  // Of (region, offset, remote, remoteOffset).
  std::optional<Ends> WordEnds(napi_env env, const DataArguments& arguments) const;
  std::optional<LocalRange> Local(napi_env env, napi_value region, napi_value offset,
                                  uint32_t bytes) const;

  // Null once closed.
  std::unique_ptr<QueuePair> pair_;
};

}  // namespace leasewire
