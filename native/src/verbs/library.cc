#include "verbs/library.h"

#include <dlfcn.h>

namespace leasewire {
namespace {

constexpr const char* kSyscall = "dlopen";

template <class F>
bool Find(void* library, const char* name, F*& function) {
  // The newest version of a symbol, which is the one that abi.h declares.
  function = reinterpret_cast<F*>(dlsym(library, name));
  return function != nullptr;
}

bool FindAll(void* library, VerbsLibrary& verbs) {
  return Find(library, "ibv_fork_init", verbs.fork_init) &&
         Find(library, "ibv_get_device_list", verbs.get_device_list) &&
         Find(library, "ibv_free_device_list", verbs.free_device_list) &&
         Find(library, "ibv_get_device_name", verbs.get_device_name) &&
         Find(library, "ibv_open_device", verbs.open_device) &&
         Find(library, "ibv_close_device", verbs.close_device) &&
         Find(library, "ibv_query_device", verbs.query_device) &&
         Find(library, "ibv_query_port", verbs.query_port) &&
         Find(library, "ibv_query_gid", verbs.query_gid) &&
         Find(library, "ibv_get_async_event", verbs.get_async_event) &&
         Find(library, "ibv_ack_async_event", verbs.ack_async_event) &&
         Find(library, "ibv_alloc_pd", verbs.alloc_pd) &&
         Find(library, "ibv_dealloc_pd", verbs.dealloc_pd) &&
         Find(library, "ibv_reg_mr", verbs.reg_mr) &&
         Find(library, "ibv_dereg_mr", verbs.dereg_mr) &&
         Find(library, "ibv_create_comp_channel", verbs.create_comp_channel) &&
         Find(library, "ibv_destroy_comp_channel", verbs.destroy_comp_channel) &&
         Find(library, "ibv_create_cq", verbs.create_cq) &&
         Find(library, "ibv_destroy_cq", verbs.destroy_cq) &&
         Find(library, "ibv_get_cq_event", verbs.get_cq_event) &&
         Find(library, "ibv_ack_cq_events", verbs.ack_cq_events) &&
         Find(library, "ibv_create_qp", verbs.create_qp) &&
         Find(library, "ibv_modify_qp", verbs.modify_qp) &&
         Find(library, "ibv_destroy_qp", verbs.destroy_qp);
}

struct Loaded {
  Status status;
  VerbsLibrary verbs{};
};

Loaded Load() {
  Loaded loaded;
  void* library = dlopen("libibverbs.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    loaded.status = Status(ENOSYS, kSyscall, "libibverbs is not installed");
  } else if (!FindAll(library, loaded.verbs)) {
    loaded.status = Status(ENOSYS, kSyscall, "libibverbs is too old");
  } else {
    // Before anything else: kernels before 5.12 would else move registered pages away from the
    // process that forks. Where it can not be had, forking is the only thing that suffers.
    loaded.verbs.fork_init();
  }
  return loaded;
}

}  // namespace

Result<const VerbsLibrary*> VerbsLibrary::Get() {
  static const Loaded loaded = Load();
  if (!loaded.status.ok()) return loaded.status;
  return &loaded.verbs;
}

}  // namespace leasewire
