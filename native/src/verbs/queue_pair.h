// Owns one reliable connection: its queue pair, what it has posted, and the receives, all of zero
// bytes, that let a peer's immediates in. A post is one work request on the stack and one call.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "verbs/completion_queue.h"
#include "verbs/memory_region.h"
#include "verbs/protection_domain.h"
#include "verbs/remote_region.h"

namespace leasewire {

// Sends are told apart by 16 bits; far fewer than that are ever outstanding.
inline constexpr uint32_t kSendsMax = 1 << 14;
inline constexpr uint32_t kReceivesMax = 1 << 14;

struct QueuePairLimits {
  uint32_t sends_max;
  uint32_t receives_max;
  // READs and atomics of the peer's that are served at a time.
  uint8_t reads_max;
  uint32_t inline_bytes_max;
};

// What the two ends have agreed on.
struct Route {
  uint32_t number;
  uint32_t packet_sequence;
  uint32_t own_packet_sequence;
  ibv::Gid gid;
  uint16_t lid;
  int mtu;
  // READs and atomics that the peer serves at a time.
  uint8_t reads_max;
  uint8_t ack_timeout_exponent;
  uint8_t retries;
  uint8_t rnr_retries;
};

// Memory of this side, within an open region.
struct LocalRange {
  const MemoryRegion& region;
  uint64_t offset;
  uint32_t bytes;
};

// The beginning of memory of the peer's, within what it said.
struct RemotePlace {
  uint64_t address;
  uint32_t rkey;
};

class QueuePair {
 public:
  // ENOBUFS if the completion queue has not got an entry for each send and receive.
  static Result<std::unique_ptr<QueuePair>> Open(std::shared_ptr<ProtectionDomain> domain,
                                                 std::shared_ptr<CompletionQueue> queue,
                                                 const QueuePairLimits& limits);

  QueuePair(const QueuePair&) = delete;
  QueuePair& operator=(const QueuePair&) = delete;
  ~QueuePair();

  uint32_t number() const { return qp_->qp_num; }
  uint32_t inline_bytes_max() const { return inline_bytes_max_; }
  uint32_t message_bytes_max() const { return message_bytes_max_; }
  const ProtectionDomain* domain() const { return domain_.get(); }
  uint32_t outstanding() const { return static_cast<uint16_t>(posted_ - completed_); }
  uint32_t send_room() const { return limits_.sends_max - outstanding(); }

  // Once. A queue pair whose connecting fails is of no more use.
  Status Connect(const Route& route);
  // Makes the device give up whatever is outstanding.
  Status Fail();

  // True if posted; false if the send queue is full. Reported under `token`, unless that is 0.
  Result<bool> Write(const LocalRange& from, RemotePlace to, uint32_t token);
  Result<bool> WriteWithImmediate(const LocalRange& from, RemotePlace to, uint32_t immediate,
                                  uint32_t token);
  Result<bool> Read(const LocalRange& into, RemotePlace from, uint32_t token);
  // The old value lands in the 8 bytes of `into`.
  Result<bool> CompareExchange(const LocalRange& into, RemotePlace at, uint64_t expected,
                               uint64_t desired, uint32_t token);
  Result<bool> FetchAdd(const LocalRange& into, RemotePlace at, uint64_t delta, uint32_t token);

  // For CompletionQueue. Whether `wc` is to be reported, as `completion`.
  bool Interpret(const ibv::Wc& wc, Completion& completion);
  bool OwesReceives() const { return receives_owed_ > 0; }
  void PostOwedReceives();

 private:
  enum class State : uint8_t { kFresh, kConnected, kFailed };

  QueuePair(std::shared_ptr<ProtectionDomain> domain, std::shared_ptr<CompletionQueue> queue,
            const QueuePairLimits& limits)
      : domain_(std::move(domain)), queue_(std::move(queue)), limits_(limits) {}
  Status Create();
  Status Modify(ibv::QpAttr& attributes, int mask);
  Status ToInit();
  Status ToReadyToReceive(const Route& route);
  Status ToReadyToSend(const Route& route);
  Status ToError();
  ibv::AhAttr AddressOf(const Route& route) const;
  void PrepareReceives();
  Status PostReceives(uint32_t count);
  unsigned InlineFlag(const LocalRange& from) const;
  Result<bool> Post(ibv::SendWr& wr, const LocalRange& local, uint32_t token);
  Status WhyNot() const;
  bool InterpretSend(const ibv::Wc& wc, Completion& completion);
  bool InterpretReceive(const ibv::Wc& wc, Completion& completion);

  std::shared_ptr<ProtectionDomain> domain_;
  std::shared_ptr<CompletionQueue> queue_;
  QueuePairLimits limits_;
  ibv::Qp* qp_ = nullptr;
  bool attached_ = false;
  uint16_t slot_ = 0;
  State state_ = State::kFresh;
  // Whether whoever polls knows that this queue pair has failed.
  bool failure_known_ = false;
  uint32_t inline_bytes_max_ = 0;
  uint32_t message_bytes_max_ = 0;
  // One of so many posts is signalled, lest the queue fill up with posts that nobody hears of.
  uint32_t signal_every_ = 1;
  uint32_t unsignalled_ = 0;
  // Both count sends, modulo 2^16.
  uint16_t posted_ = 0;
  uint16_t completed_ = 0;
  uint32_t receives_owed_ = 0;
  // One chain, of which a part is posted.
  std::vector<ibv::RecvWr> receives_;
};

}  // namespace leasewire
