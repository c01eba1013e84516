#include "verbs/context.h"

#include <fcntl.h>

#include <string_view>
#include <utility>

#include "verbs/completion_queue.h"

namespace leasewire {
namespace {

constexpr int kMtuMin = 1;  // 256 bytes.
constexpr int kMtuMax = 5;  // 4096 bytes.

bool IsAboutPort(ibv::EventType type) {
  switch (type) {
    case ibv::kEventPortActive:
    case ibv::kEventPortErr:
    case ibv::kEventLidChange:
    case ibv::kEventPkeyChange:
    case ibv::kEventSmChange:
    case ibv::kEventClientReregister:
    case ibv::kEventGidChange:
      return true;
    default:
      return false;
  }
}

bool IsAboutQueuePair(ibv::EventType type) {
  switch (type) {
    case ibv::kEventQpFatal:
    case ibv::kEventQpReqErr:
    case ibv::kEventQpAccessErr:
    case ibv::kEventCommEst:
    case ibv::kEventSqDrained:
    case ibv::kEventPathMig:
    case ibv::kEventPathMigErr:
    case ibv::kEventQpLastWqeReached:
      return true;
    default:
      return false;
  }
}

Result<ibv::Context*> OpenByName(const VerbsLibrary& verbs, std::string_view name) {
  ibv::Device** list = verbs.get_device_list(nullptr);
  if (list == nullptr) {
    // A kernel without RDMA, which is to say without devices; ENOSYS means the library here.
    return Status(errno == ENOSYS ? ENODEV : errno, "ibv_get_device_list");
  }
  ibv::Device** device = list;
  while (*device != nullptr && verbs.get_device_name(*device) != name) ++device;
  Result<ibv::Context*> context(Status(ENODEV, "ibv_open_device"));
  if (*device != nullptr) {
    ibv::Context* opened = verbs.open_device(*device);
    if (opened == nullptr) {
      context = Status::FromErrno("ibv_open_device");
    } else {
      context = opened;
    }
  }
  verbs.free_device_list(list);
  return context;
}

}  // namespace

Result<std::shared_ptr<VerbsContext>> VerbsContext::Open(const std::string& device_name,
                                                         uint8_t port_number, uint8_t gid_index) {
  auto verbs = VerbsLibrary::Get();
  if (!verbs.ok()) return verbs.status();
  auto opened = OpenByName(*verbs.value(), device_name);
  if (!opened.ok()) return opened.status();
  std::shared_ptr<VerbsContext> context(new VerbsContext(verbs.value(), opened.value()));
  if (const Status asked = context->Query(port_number, gid_index); !asked.ok()) return asked;
  // For NextEvent(), which must not wait.
  const int flags = fcntl(opened.value()->async_fd, F_GETFL);
  if (flags < 0 || fcntl(opened.value()->async_fd, F_SETFL, flags | O_NONBLOCK) != 0) {
    return Status::FromErrno("fcntl");
  }
  return context;
}

Status VerbsContext::Query(uint8_t port_number, uint8_t gid_index) {
  VerbsAttributes found{};
  if (const int code = verbs_->query_device(context_, &found.device); code != 0) {
    return {code, "ibv_query_device"};
  }
  if (port_number > found.device.phys_port_cnt) {
    return {EINVAL, "ibv_query_port", "the device has no such port"};
  }
  if (const int code = verbs_->query_port(context_, port_number, &found.port); code != 0) {
    return {code, "ibv_query_port"};
  }
  const Status no_gid(EINVAL, "ibv_query_gid", "the port has no such GID");
  if (gid_index >= found.port.gid_tbl_len) return no_gid;
  if (verbs_->query_gid(context_, port_number, gid_index, &found.gid) != 0) {
    return Status::FromErrno("ibv_query_gid");
  }
  if (found.gid.words[0] == 0 && found.gid.words[1] == 0) return no_gid;
  found.port_number = port_number;
  found.gid_index = gid_index;
  attributes_ = found;
  return {};
}

Result<bool> VerbsContext::PortActive() const {
  ibv::PortAttr port{};
  const int code = verbs_->query_port(context_, attributes_.port_number, &port);
  if (code != 0) return Status(code, "ibv_query_port");
  return port.state == ibv::kPortActive;
}

Result<std::optional<VerbsEvent>> VerbsContext::NextEvent() {
  ibv::AsyncEvent event{};
  while (verbs_->get_async_event(context_, &event) == 0) {
    // What the event is about can not be destroyed before it is acknowledged.
    const std::optional<VerbsEvent> interpreted = Interpret(event);
    verbs_->ack_async_event(&event);
    if (interpreted.has_value()) return interpreted;
  }
  if (errno == EAGAIN || errno == EINTR) return std::optional<VerbsEvent>();
  return Status::FromErrno("ibv_get_async_event");
}

std::optional<VerbsEvent> VerbsContext::Interpret(const ibv::AsyncEvent& event) const {
  const ibv::EventType type = event.event_type;
  if (IsAboutPort(type) && event.element.port_num != attributes_.port_number) return std::nullopt;
  if (IsAboutQueuePair(type)) return VerbsEvent{type, event.element.qp->qp_num};
  if (type == ibv::kEventCqErr) {
    static_cast<CompletionQueue*>(event.element.cq->cq_context)->MarkLost();
  }
  return VerbsEvent{type, std::nullopt};
}

uint32_t MtuBytes(int mtu) { return mtu >= kMtuMin && mtu <= kMtuMax ? 128U << mtu : 0; }

int MtuOfBytes(uint64_t bytes) {
  for (int mtu = kMtuMin; mtu <= kMtuMax; ++mtu) {
    if (MtuBytes(mtu) == bytes) return mtu;
  }
  return 0;
}

}  // namespace leasewire
