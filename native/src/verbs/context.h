// Owns one opened device, seen through one port and one GID of it: the root that every other verbs
// resource holds on to.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "verbs/library.h"

namespace leasewire {

// The device's answers when it was opened, and the address under which a peer reaches it.
struct VerbsAttributes {
  ibv::DeviceAttr device;
  ibv::PortAttr port;
  ibv::Gid gid;
  uint8_t port_number;
  uint8_t gid_index;
};

struct VerbsEvent {
  ibv::EventType type;
  // Of the queue pair that the event is about, if it is about one.
  std::optional<uint32_t> queue_pair;
};

class VerbsContext {
 public:
  // ENODEV if there is no such device, EINVAL or what the device says if there is no such port or
  // GID.
  static Result<std::shared_ptr<VerbsContext>> Open(const std::string& device_name,
                                                    uint8_t port_number, uint8_t gid_index);

  VerbsContext(const VerbsContext&) = delete;
  VerbsContext& operator=(const VerbsContext&) = delete;
  ~VerbsContext() { verbs_->close_device(context_); }

  const VerbsLibrary& verbs() const { return *verbs_; }
  ibv::Context* get() const { return context_; }
  const VerbsAttributes& attributes() const { return attributes_; }

  Result<bool> PortActive() const;
  // Takes one event about this context's resources or its port, and acknowledges it; empty when
  // none waits. A completion queue that it says is lost learns of it.
  Result<std::optional<VerbsEvent>> NextEvent();

 private:
  VerbsContext(const VerbsLibrary* verbs, ibv::Context* context)
      : verbs_(verbs), context_(context) {}
  Status Query(uint8_t port_number, uint8_t gid_index);
  // Empty for what concerns another port.
  std::optional<VerbsEvent> Interpret(const ibv::AsyncEvent& event) const;

  const VerbsLibrary* verbs_;
  ibv::Context* context_;
  VerbsAttributes attributes_{};
};

// Bytes of a path MTU as verbs number them, and back; 0 for what is none.
uint32_t MtuBytes(int mtu);
int MtuOfBytes(uint64_t bytes);

}  // namespace leasewire
