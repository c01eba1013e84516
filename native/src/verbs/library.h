// libibverbs, opened when it is first needed and never linked, so that everything else runs without
// it. Its functions by their own names; those of the data path are in ibv::Context::ops.
#pragma once

#include "os/status.h"
#include "verbs/abi.h"

namespace leasewire {

struct VerbsLibrary {
  // Opened once per process, by whichever thread comes first, and never closed. ENOSYS if there is
  // none, or none that has every function.
  static Result<const VerbsLibrary*> Get();

  int (*fork_init)();
  ibv::Device** (*get_device_list)(int* count);
  void (*free_device_list)(ibv::Device** list);
  const char* (*get_device_name)(ibv::Device* device);
  ibv::Context* (*open_device)(ibv::Device* device);
  int (*close_device)(ibv::Context* context);
  int (*query_device)(ibv::Context* context, ibv::DeviceAttr* attributes);
  int (*query_port)(ibv::Context* context, uint8_t port, ibv::PortAttr* attributes);
  int (*query_gid)(ibv::Context* context, uint8_t port, int index, ibv::Gid* gid);
  int (*get_async_event)(ibv::Context* context, ibv::AsyncEvent* event);
  void (*ack_async_event)(ibv::AsyncEvent* event);
  ibv::Pd* (*alloc_pd)(ibv::Context* context);
  int (*dealloc_pd)(ibv::Pd* pd);
  ibv::Mr* (*reg_mr)(ibv::Pd* pd, void* address, size_t bytes, int access);
  int (*dereg_mr)(ibv::Mr* mr);
  ibv::CompChannel* (*create_comp_channel)(ibv::Context* context);
  int (*destroy_comp_channel)(ibv::CompChannel* channel);
  ibv::Cq* (*create_cq)(ibv::Context* context, int entries, void* cq_context,
                        ibv::CompChannel* channel, int vector);
  int (*destroy_cq)(ibv::Cq* cq);
  int (*get_cq_event)(ibv::CompChannel* channel, ibv::Cq** cq, void** cq_context);
  void (*ack_cq_events)(ibv::Cq* cq, unsigned count);
  ibv::Qp* (*create_qp)(ibv::Pd* pd, ibv::QpInitAttr* attributes);
  int (*modify_qp)(ibv::Qp* qp, ibv::QpAttr* attributes, int mask);
  int (*destroy_qp)(ibv::Qp* qp);
};

}  // namespace leasewire
