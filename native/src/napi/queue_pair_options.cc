#include "napi/queue_pair_options.h"

#include <algorithm>

#include "napi/arguments.h"
#include "napi/error.h"
#include "verbs/context.h"

namespace leasewire {
namespace {

constexpr uint32_t kInlineBytesMax = 4096;
constexpr uint32_t kNumberMax = (1 << 24) - 1;
constexpr uint32_t kMtuBytesMax = 4096;
constexpr uint8_t kTimeoutExponentMax = 31;
constexpr uint8_t kRetriesMax = 7;

// Reads property after property, and none more once one was wrong.
class Options {
 public:
  explicit Options(Napi::Object object) : object_(object) {}

  template <class T>
  void Read(const char* name, T& target, uint64_t min, uint64_t max) {
    if (!complete_) return;
    const auto value = IntegerProperty(object_, name, min, max);
    complete_ = value.has_value();
    if (complete_) target = static_cast<T>(*value);
  }

  void ReadMtu(const char* name, int& mtu) {
    uint64_t bytes = 0;
    Read(name, bytes, 0, kMtuBytesMax);
    mtu = MtuOfBytes(bytes);
    if (!complete_ || mtu != 0) return;
    Refuse(name, " must be 256, 512, 1024, 2048 or 4096");
  }

  void ReadGid(const char* name, ibv::Gid& gid) {
    if (!complete_) return;
    napi_value value = nullptr;
    complete_ = napi_get_named_property(object_.Env(), object_, name, &value) == napi_ok;
    if (!complete_) return;
    const Napi::Value found(object_.Env(), value);
    const bool is_bytes =
        found.IsTypedArray() && found.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array;
    if (!is_bytes || found.As<Napi::Uint8Array>().ByteLength() != sizeof gid.raw) {
      complete_ = false;
      ThrowTypeError(object_.Env(), std::string(name) + " must be a Uint8Array of 16 bytes");
      return;
    }
    std::copy_n(found.As<Napi::Uint8Array>().Data(), sizeof gid.raw, gid.raw);
  }

  bool complete() const { return complete_; }

 private:
  void Refuse(const char* name, const char* why) {
    complete_ = false;
    ThrowRangeError(object_.Env(), std::string(name) + why);
  }

  Napi::Object object_;
  bool complete_ = true;
};

}  // namespace

std::optional<QueuePairLimits> QueuePairLimitsArgument(const Napi::CallbackInfo& info,
                                                       size_t index) {
  const auto object = ObjectArgument(info, index, "limits");
  if (!object) return std::nullopt;
  Options options(*object);
  QueuePairLimits limits{};
  options.Read("sendsMax", limits.sends_max, 1, kSendsMax);
  options.Read("receivesMax", limits.receives_max, 1, kReceivesMax);
  options.Read("readsMax", limits.reads_max, 0, UINT8_MAX);
  options.Read("inlineBytesMax", limits.inline_bytes_max, 0, kInlineBytesMax);
  return options.complete() ? std::optional(limits) : std::nullopt;
}

std::optional<Route> RouteArgument(const Napi::CallbackInfo& info, size_t index) {
  const auto object = ObjectArgument(info, index, "route");
  if (!object) return std::nullopt;
  Options options(*object);
  Route route{};
  options.Read("number", route.number, 0, kNumberMax);
  options.Read("packetSequence", route.packet_sequence, 0, kNumberMax);
  options.Read("ownPacketSequence", route.own_packet_sequence, 0, kNumberMax);
  options.ReadGid("gid", route.gid);
  options.Read("lid", route.lid, 0, UINT16_MAX);
  options.ReadMtu("mtuBytes", route.mtu);
  options.Read("readsMax", route.reads_max, 0, UINT8_MAX);
  options.Read("ackTimeoutExponent", route.ack_timeout_exponent, 0, kTimeoutExponentMax);
  options.Read("retries", route.retries, 0, kRetriesMax);
  options.Read("rnrRetries", route.rnr_retries, 0, kRetriesMax);
  return options.complete() ? std::optional(route) : std::nullopt;
}

}  // namespace leasewire
