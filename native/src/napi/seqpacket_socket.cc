#include "napi/seqpacket_socket.h"

#include <span>

#include "napi/arguments.h"
#include "napi/descriptor.h"
#include "os/seqpacket.h"
#include "os/seqpacket_message.h"

namespace leasewire {
namespace {

using Class = WrappedClass<SeqpacketSocketWrap>;

// Beyond what any socket buffer holds, and still a sane allocation.
constexpr uint64_t kMessageBytesMax = 16 << 20;

// The descriptors of an array. Elements may be accessors, whose code may close what was read
// before: so all are read first, and their numbers taken when no more of the caller's code can run.
std::optional<std::vector<int>> DescriptorsOf(napi_env env, Napi::Value value) {
  if (!value.IsArray()) {
    ThrowTypeError(env, "descriptors must be an array");
    return std::nullopt;
  }
  const uint32_t count = value.As<Napi::Array>().Length();
  if (count > kMessageDescriptorsMax) {
    ThrowRangeError(env, "descriptors must be at most " + std::to_string(kMessageDescriptorsMax));
    return std::nullopt;
  }
  std::vector<napi_value> elements(count);
  for (uint32_t i = 0; i < count; ++i) {
    if (napi_get_element(env, value, i, &elements[i]) != napi_ok) return std::nullopt;
  }
  std::vector<int> fds;
  for (const napi_value element : elements) {
    const auto* descriptor = WrappedClass<DescriptorWrap>::From(env, element);
    if (descriptor == nullptr) {
      ThrowTypeError(env, "descriptors must be Descriptors");
      return std::nullopt;
    }
    auto fd = descriptor->FdFor("sendmsg");
    if (!fd.ok()) {
      ThrowStatus(env, fd.status());
      return std::nullopt;
    }
    fds.push_back(fd.value());
  }
  return fds;
}

bool IsUint8Array(const Napi::Value& value) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array;
}

// Hands the message to JavaScript: a copy of the bytes, and ownership of the descriptors.
Napi::Value ToObject(Napi::Env env, const uint8_t* bytes, Message& message) {
  auto copy = Napi::Uint8Array::New(env, message.bytes);
  if (copy.IsEmpty()) return {};
  std::copy_n(bytes, message.bytes, copy.Data());
  auto descriptors = Napi::Array::New(env, message.fds.size());
  for (uint32_t i = 0; i < message.fds.size(); ++i) {
    const Napi::Value descriptor = DescriptorWrap::New(env, std::move(message.fds[i]));
    if (descriptor.IsEmpty()) return {};
    descriptors.Set(i, descriptor);
  }
  auto result = Napi::Object::New(env);
  result.Set("bytes", copy);
  result.Set("descriptors", descriptors);
  return result;
}

}  // namespace

Napi::Function SeqpacketSocketWrap::Define(napi_env env) {
  return DefineReadable<SeqpacketSocketWrap>(
      env, {Class::Method<&SeqpacketSocketWrap::Send>("send"),
            Class::Method<&SeqpacketSocketWrap::Receive>("receive")});
}

Napi::Value SeqpacketSocketWrap::New(napi_env env, UniqueFd connected) {
  return Class::New(
      env, Environment::Of(env).socket_constructor,
      std::unique_ptr<SeqpacketSocketWrap>(new SeqpacketSocketWrap(std::move(connected))));
}

std::unique_ptr<SeqpacketSocketWrap> SeqpacketSocketWrap::Construct(
    const Napi::CallbackInfo& info) {
  const auto path = StringArgument(info, 0, "path");
  if (!path) return nullptr;
  auto fd = ConnectSeqpacket(*path);
  if (!fd.ok()) {
    ThrowStatus(info.Env(), fd.status());
    return nullptr;
  }
  return std::unique_ptr<SeqpacketSocketWrap>(new SeqpacketSocketWrap(std::move(fd.value())));
}

bool SeqpacketSocketWrap::Initialize(Napi::Object self) {
  const Napi::Env env = self.Env();
  auto credentials = PeerCredentials(shared_fd()->get());
  if (!credentials.ok()) {
    ThrowStatus(env, credentials.status());
    return false;
  }
  auto peer = Napi::Object::New(env);
  return DefineConstant(peer, "pid", Napi::Number::New(env, credentials.value().pid)) &&
         DefineConstant(peer, "uid", Napi::Number::New(env, credentials.value().uid)) &&
         DefineConstant(peer, "gid", Napi::Number::New(env, credentials.value().gid)) &&
         DefineConstant(self, "peer", peer);
}

Napi::Value SeqpacketSocketWrap::Send(const Napi::CallbackInfo& info) {
  if (!IsUint8Array(info[0])) return ThrowTypeError(info.Env(), "bytes must be a Uint8Array");
  const auto fds = DescriptorsOf(info.Env(), info[1]);
  if (!fds) return {};
  // Looked at only now: reading the array may have run code that closed the socket or the bytes.
  auto open = FdFor("sendmsg");
  if (!open.ok()) return ThrowStatus(info.Env(), open.status());
  auto bytes = info[0].As<Napi::Uint8Array>();
  if (bytes.ByteLength() == 0) {
    return ThrowRangeError(info.Env(), "bytes must not be empty: that would look like a close");
  }
  auto sent = SendMessage(open.value(), std::span(bytes.Data(), bytes.ByteLength()), *fds);
  if (!sent.ok()) return ThrowStatus(info.Env(), sent.status());
  return Napi::Boolean::New(info.Env(), sent.value());
}

Napi::Value SeqpacketSocketWrap::Receive(const Napi::CallbackInfo& info) {
  const auto bytes_max = IntegerArgument(info, 0, "bytesMax", 1, kMessageBytesMax);
  if (!bytes_max) return {};
  const auto fds_max = IntegerArgument(info, 1, "descriptorsMax", 0, kMessageDescriptorsMax);
  if (!fds_max) return {};
  auto open = FdFor("recvmsg");
  if (!open.ok()) return ThrowStatus(info.Env(), open.status());
  const std::unique_ptr<uint8_t[]> buffer(new uint8_t[*bytes_max]);
  auto received = ReceiveMessage(open.value(), std::span(buffer.get(), *bytes_max), *fds_max);
  if (!received.ok()) return ThrowStatus(info.Env(), received.status());
  const Received kind = received.value().kind;
  if (kind == Received::kNothing) return info.Env().Undefined();
  if (kind == Received::kClosed) return info.Env().Null();
  return ToObject(info.Env(), buffer.get(), received.value());
}

}  // namespace leasewire
