// The constants of libibverbs' public binary interface that are used here; see abi.h.
#pragma once

#include <cstdint>

namespace leasewire::ibv {

enum class NodeAtomicCap : int { kNone = 0, kHca = 1, kGlobal = 2 };

enum PortState : int { kPortActive = 4 };
enum LinkLayer : uint8_t { kLinkLayerEthernet = 2 };

enum QpState : int { kQpsReset = 0, kQpsInit = 1, kQpsRtr = 2, kQpsRts = 3, kQpsErr = 6 };
enum QpType : int { kQptRc = 2 };

enum AccessFlags : int {
  kAccessLocalWrite = 1 << 0,
  kAccessRemoteWrite = 1 << 1,
  kAccessRemoteRead = 1 << 2,
  kAccessRemoteAtomic = 1 << 3,
};

enum QpAttrMask : int {
  kQpState = 1 << 0,
  kQpAccessFlags = 1 << 3,
  kQpPkeyIndex = 1 << 4,
  kQpPort = 1 << 5,
  kQpAv = 1 << 7,
  kQpPathMtu = 1 << 8,
  kQpTimeout = 1 << 9,
  kQpRetryCnt = 1 << 10,
  kQpRnrRetry = 1 << 11,
  kQpRqPsn = 1 << 12,
  kQpMaxQpRdAtomic = 1 << 13,
  kQpMinRnrTimer = 1 << 15,
  kQpSqPsn = 1 << 16,
  kQpMaxDestRdAtomic = 1 << 17,
  kQpDestQpn = 1 << 20,
};

enum WrOpcode : int {
  kWrRdmaWrite = 0,
  kWrRdmaWriteWithImm = 1,
  kWrRdmaRead = 4,
  kWrAtomicCmpAndSwp = 5,
  kWrAtomicFetchAndAdd = 6,
};

enum SendFlags : unsigned { kSendSignaled = 1 << 1, kSendInline = 1 << 3 };

enum WcStatus : int { kWcSuccess = 0, kWcWrFlushErr = 5 };
enum WcOpcode : int { kWcRecvRdmaWithImm = 129 };

enum EventType : int {
  kEventCqErr = 0,
  kEventQpFatal = 1,
  kEventQpReqErr = 2,
  kEventQpAccessErr = 3,
  kEventCommEst = 4,
  kEventSqDrained = 5,
  kEventPathMig = 6,
  kEventPathMigErr = 7,
  kEventDeviceFatal = 8,
  kEventPortActive = 9,
  kEventPortErr = 10,
  kEventLidChange = 11,
  kEventPkeyChange = 12,
  kEventSmChange = 13,
  kEventSrqErr = 14,
  kEventSrqLimitReached = 15,
  kEventQpLastWqeReached = 16,
  kEventClientReregister = 17,
  kEventGidChange = 18,
  kEventWqFatal = 19,
};

}  // namespace leasewire::ibv
