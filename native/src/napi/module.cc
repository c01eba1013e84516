// What native/addon.ts loads. May be loaded by any number of threads: nothing here is global.
#include <napi.h>

#include "napi/completion_queue.h"
#include "napi/descriptor.h"
#include "napi/doorbell.h"
#include "napi/environment.h"
#include "napi/mapping.h"
#include "napi/memfd.h"
#include "napi/memory_region.h"
#include "napi/process_limits.h"
#include "napi/protection_domain.h"
#include "napi/queue_pair.h"
#include "napi/remote_region.h"
#include "napi/seqpacket_listener.h"
#include "napi/seqpacket_socket.h"
#include "napi/verbs_context.h"
#include "napi/wait.h"

namespace leasewire {
namespace {

Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  Environment* environment = Environment::Create(env);
  if (environment == nullptr) return exports;

  const Napi::Function descriptor = DescriptorWrap::Define(env);
  const Napi::Function socket = SeqpacketSocketWrap::Define(env);
  environment->descriptor_constructor = Napi::Persistent(descriptor);
  environment->socket_constructor = Napi::Persistent(socket);

  exports["Descriptor"] = descriptor;
  exports["Mapping"] = MappingWrap::Define(env);
  exports["Doorbell"] = DoorbellWrap::Define(env);
  exports["SeqpacketListener"] = SeqpacketListenerWrap::Define(env);
  exports["SeqpacketSocket"] = socket;
  exports["VerbsContext"] = VerbsContextWrap::Define(env);
  exports["ProtectionDomain"] = ProtectionDomainWrap::Define(env);
  exports["MemoryRegion"] = MemoryRegionWrap::Define(env);
  exports["RemoteRegion"] = RemoteRegionWrap::Define(env);
  exports["CompletionQueue"] = CompletionQueueWrap::Define(env);
  exports["QueuePair"] = QueuePairWrap::Define(env);
  exports["createSealedMemfd"] =
      Napi::Function::New<CreateSealedMemfdFunction>(env, "createSealedMemfd");
  exports["inspectMemfd"] = Napi::Function::New<InspectMemfdFunction>(env, "inspectMemfd");
  exports["processLimits"] = Napi::Function::New<ProcessLimitsFunction>(env, "processLimits");
  exports["waitReadable"] = Napi::Function::New<WaitReadableFunction>(env, "waitReadable");
  return exports;
}

}  // namespace
}  // namespace leasewire

NAPI_MODULE_INIT() { return Napi::RegisterModule(env, exports, leasewire::Initialize); }
