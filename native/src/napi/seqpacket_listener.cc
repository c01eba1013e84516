#include "napi/seqpacket_listener.h"

#include <climits>

#include "napi/arguments.h"
#include "napi/seqpacket_socket.h"
#include "os/seqpacket.h"

namespace leasewire {

using Class = WrappedClass<SeqpacketListenerWrap>;

Napi::Function SeqpacketListenerWrap::Define(napi_env env) {
  return DefineReadable<SeqpacketListenerWrap>(
      env, {Class::Method<&SeqpacketListenerWrap::Accept>("accept")});
}

std::unique_ptr<SeqpacketListenerWrap> SeqpacketListenerWrap::Construct(
    const Napi::CallbackInfo& info) {
  const auto path = StringArgument(info, 0, "path");
  if (!path) return nullptr;
  const auto backlog = IntegerArgument(info, 1, "backlog", 0, INT_MAX);
  if (!backlog) return nullptr;
  auto fd = ListenSeqpacket(*path, static_cast<int>(*backlog));
  if (!fd.ok()) {
    ThrowStatus(info.Env(), fd.status());
    return nullptr;
  }
  return std::unique_ptr<SeqpacketListenerWrap>(new SeqpacketListenerWrap(std::move(fd.value())));
}

Napi::Value SeqpacketListenerWrap::Accept(const Napi::CallbackInfo& info) {
  auto open = FdFor("accept4");
  if (!open.ok()) return ThrowStatus(info.Env(), open.status());
  auto accepted = AcceptSeqpacket(open.value());
  if (!accepted.ok()) return ThrowStatus(info.Env(), accepted.status());
  if (!accepted.value().has_value()) return info.Env().Undefined();
  return SeqpacketSocketWrap::New(info.Env(), std::move(*accepted.value()));
}

}  // namespace leasewire
