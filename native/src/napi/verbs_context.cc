#include "napi/verbs_context.h"

#include <algorithm>
#include <array>

#include "napi/arguments.h"

namespace leasewire {
namespace {

using Class = WrappedClass<VerbsContextWrap>;

// By their numbers.
constexpr std::array<const char*, 20> kEventNames{
    "completion-queue-error",
    "queue-pair-fatal",
    "queue-pair-request-error",
    "queue-pair-access-error",
    "communication-established",
    "send-queue-drained",
    "path-migrated",
    "path-migration-error",
    "device-fatal",
    "port-active",
    "port-error",
    "lid-change",
    "pkey-change",
    "subnet-manager-change",
    "shared-receive-queue-error",
    "shared-receive-queue-limit",
    "last-receive-reached",
    "client-reregister",
    "gid-change",
    "work-queue-fatal",
};
static_assert(kEventNames.size() == ibv::kEventWqFatal + 1);

const char* NameOf(ibv::EventType type) {
  const auto index = static_cast<size_t>(type);
  return index < kEventNames.size() ? kEventNames[index] : "unknown";
}

const char* NameOf(ibv::NodeAtomicCap scope) {
  switch (scope) {
    case ibv::NodeAtomicCap::kHca:
      return "hca";
    case ibv::NodeAtomicCap::kGlobal:
      return "global";
    default:
      return "none";
  }
}

bool DefineNumber(Napi::Object object, const char* name, uint64_t value) {
  const auto number = static_cast<double>(std::min(value, kSafeIntegerMax));
  return DefineConstant(object, name, Napi::Number::New(object.Env(), number));
}

bool DefineAttributes(Napi::Object object, const VerbsAttributes& from) {
  const auto count = [](int value) { return static_cast<uint64_t>(std::max(value, 0)); };
  const ibv::DeviceAttr& device = from.device;
  auto gid = Napi::Uint8Array::New(object.Env(), sizeof from.gid.raw);
  if (gid.IsEmpty()) return false;
  std::copy_n(from.gid.raw, sizeof from.gid.raw, gid.Data());
  const auto scope = Napi::String::New(object.Env(), NameOf(device.atomic_cap));
  const int reads_max = std::min(device.max_qp_rd_atom, device.max_qp_init_rd_atom);
  return DefineConstant(object, "atomicScope", scope) &&
         DefineNumber(object, "queuePairsMax", count(device.max_qp)) &&
         DefineNumber(object, "workRequestsMax", count(device.max_qp_wr)) &&
         DefineNumber(object, "completionsMax", count(device.max_cqe)) &&
         DefineNumber(object, "regionBytesMax", device.max_mr_size) &&
         DefineNumber(object, "messageBytesMax", from.port.max_msg_sz) &&
         DefineNumber(object, "readsMax", std::min<uint64_t>(count(reads_max), UINT8_MAX)) &&
         DefineNumber(object, "activeMtuBytes", MtuBytes(from.port.active_mtu)) &&
         DefineNumber(object, "lid", from.port.lid) && DefineConstant(object, "gid", gid);
}

Result<UniqueFd> EventsOf(const VerbsContext& context) {
  // The device's own descriptor closes with the device, which may live longer.
  UniqueFd lent(context.get()->async_fd);
  auto duplicate = lent.Duplicate();
  lent.Release();
  return duplicate;
}

}  // namespace

Napi::Function VerbsContextWrap::Define(napi_env env) {
  return DefineReadable<VerbsContextWrap>(
      env, {Class::Method<&VerbsContextWrap::PortActive>("portActive"),
            Class::Method<&VerbsContextWrap::NextEvent>("nextEvent")});
}

std::unique_ptr<VerbsContextWrap> VerbsContextWrap::Construct(const Napi::CallbackInfo& info) {
  const auto device = StringArgument(info, 0, "deviceName");
  if (!device) return nullptr;
  const auto port = IntegerArgument(info, 1, "port", 1, UINT8_MAX);
  if (!port) return nullptr;
  const auto gid_index = IntegerArgument(info, 2, "gidIndex", 0, UINT8_MAX);
  if (!gid_index) return nullptr;
  auto context =
      VerbsContext::Open(*device, static_cast<uint8_t>(*port), static_cast<uint8_t>(*gid_index));
  if (!context.ok()) {
    ThrowStatus(info.Env(), context.status());
    return nullptr;
  }
  auto events = EventsOf(*context.value());
  if (!events.ok()) {
    ThrowStatus(info.Env(), events.status());
    return nullptr;
  }
  return std::unique_ptr<VerbsContextWrap>(
      new VerbsContextWrap(std::move(context.value()), std::move(events.value())));
}

bool VerbsContextWrap::Initialize(Napi::Object self) {
  auto attributes = Napi::Object::New(self.Env());
  return DefineAttributes(attributes, context_->attributes()) &&
         DefineConstant(self, "attributes", attributes);
}

Result<std::shared_ptr<VerbsContext>> VerbsContextWrap::ContextFor(const char* syscall) const {
  if (context_ == nullptr) return Status(EBADF, syscall);
  return context_;
}

Napi::Value VerbsContextWrap::PortActive(const Napi::CallbackInfo& info) {
  auto context = ContextFor("ibv_query_port");
  if (!context.ok()) return ThrowStatus(info.Env(), context.status());
  auto active = context.value()->PortActive();
  if (!active.ok()) return ThrowStatus(info.Env(), active.status());
  return Napi::Boolean::New(info.Env(), active.value());
}

Napi::Value VerbsContextWrap::NextEvent(const Napi::CallbackInfo& info) {
  auto context = ContextFor("ibv_get_async_event");
  if (!context.ok()) return ThrowStatus(info.Env(), context.status());
  auto event = context.value()->NextEvent();
  if (!event.ok()) return ThrowStatus(info.Env(), event.status());
  if (!event.value().has_value()) return info.Env().Undefined();
  const auto& [type, queue_pair] = *event.value();
  auto object = Napi::Object::New(info.Env());
  DefineConstant(object, "type", Napi::String::New(info.Env(), NameOf(type)));
  if (queue_pair.has_value()) {
    DefineConstant(object, "queuePair", Napi::Number::New(info.Env(), *queue_pair));
  }
  return object;
}

Napi::Value VerbsContextWrap::Close(const Napi::CallbackInfo& info) {
  const Napi::Value closed = Readable::Close(info);
  context_.reset();
  return closed;
}

}  // namespace leasewire
