// Owns one completion queue and the channel that announces its completions. Serves any number of
// queue pairs, and never overruns: each reserves entries for all that it may ever have posted.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "verbs/context.h"

namespace leasewire {

class QueuePair;

enum class CompletionKind : uint32_t {
  kDone = 0,
  kImmediate = 1,
  kSendFailed = 2,
  kReceiveFailed = 3,
};

// As JavaScript reads them: four words.
struct Completion {
  // The token of a post, or the immediate that a peer sent.
  uint32_t word;
  CompletionKind kind;
  uint32_t queue_pair;
  // Bytes that came with an immediate, or the ibv_wc_status of a failure.
  uint32_t detail;
};
static_assert(sizeof(Completion) == 4 * sizeof(uint32_t));

inline constexpr size_t kCompletionsMax = 64;
using Completions = std::array<Completion, kCompletionsMax>;

class CompletionQueue {
 public:
  static Result<std::shared_ptr<CompletionQueue>> Open(std::shared_ptr<VerbsContext> context,
                                                       uint32_t entries_max);

  CompletionQueue(const CompletionQueue&) = delete;
  CompletionQueue& operator=(const CompletionQueue&) = delete;
  ~CompletionQueue();

  ibv::Cq* get() const { return cq_; }
  // Readable when an event waits; non-blocking.
  int fd() const { return channel_->fd; }
  const VerbsContext& context() const { return *context_; }

  // Takes what has completed, as many as fit, and has the queue pairs post receives for those that
  // were consumed. Looks up to `looks` times, until something is there. Fails once the device has
  // given the queue up.
  Result<size_t> Poll(Completions& completions, uint32_t looks);
  // Has the next completion make the channel readable.
  Status Arm();
  // Takes the channel's events.
  Status Drain();
  void MarkLost() { lost_ = true; }

  // For QueuePair, which attaches with all the entries that it may need, and gets a slot. ENOBUFS
  // if the queue is too small.
  Result<uint16_t> Attach(QueuePair* pair, uint32_t entries);
  // After the queue pair was destroyed: nothing of it completes any more, and nothing is left.
  void Detach(uint16_t slot, uint32_t entries);

 private:
  explicit CompletionQueue(std::shared_ptr<VerbsContext> context) : context_(std::move(context)) {}
  Status Create(uint32_t entries_max);
  // Whether `wc` is to be reported.
  bool Interpret(const ibv::Wc& wc, Completion& completion);
  size_t TakeKept(Completions& completions);
  size_t Take(Completions& completions);
  void RemoveOf(uint16_t slot);
  void Repost();

  std::shared_ptr<VerbsContext> context_;
  ibv::CompChannel* channel_ = nullptr;
  ibv::Cq* cq_ = nullptr;
  bool lost_ = false;
  uint32_t entries_free_ = 0;
  // By slot; null where free.
  std::vector<QueuePair*> pairs_;
  // Those that owe receives, during a poll. Has room for all, so that polling allocates nothing.
  std::vector<QueuePair*> owing_;
  // Completions of others that were in the way when a queue pair was destroyed, in their order.
  std::vector<ibv::Wc> kept_;
};

}  // namespace leasewire
