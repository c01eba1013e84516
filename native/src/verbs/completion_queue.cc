#include "verbs/completion_queue.h"

#include <fcntl.h>

#include <algorithm>
#include <iterator>

#include "verbs/queue_pair.h"
#include "verbs/work_request_id.h"

namespace leasewire {
namespace {

constexpr size_t kBatch = 32;
using Batch = std::array<ibv::Wc, kBatch>;

}  // namespace

Result<std::shared_ptr<CompletionQueue>> CompletionQueue::Open(
    std::shared_ptr<VerbsContext> context, uint32_t entries_max) {
  std::shared_ptr<CompletionQueue> queue(new CompletionQueue(std::move(context)));
  if (const Status created = queue->Create(entries_max); !created.ok()) return created;
  return queue;
}

Status CompletionQueue::Create(uint32_t entries_max) {
  const VerbsLibrary& verbs = context_->verbs();
  channel_ = verbs.create_comp_channel(context_->get());
  if (channel_ == nullptr) return Status::FromErrno("ibv_create_comp_channel");
  const int flags = fcntl(channel_->fd, F_GETFL);
  if (flags < 0 || fcntl(channel_->fd, F_SETFL, flags | O_NONBLOCK) != 0) {
    return Status::FromErrno("fcntl");
  }
  cq_ = verbs.create_cq(context_->get(), static_cast<int>(entries_max), this, channel_, 0);
  if (cq_ == nullptr) return Status::FromErrno("ibv_create_cq");
  entries_free_ = entries_max;
  return {};
}

CompletionQueue::~CompletionQueue() {
  if (cq_ != nullptr) context_->verbs().destroy_cq(cq_);
  if (channel_ != nullptr) context_->verbs().destroy_comp_channel(channel_);
}

Result<size_t> CompletionQueue::Poll(Completions& completions, uint32_t looks) {
  size_t count = 0;
  for (uint32_t look = 0; look < looks && count == 0 && !lost_; ++look) count = Take(completions);
  if (lost_ && count == 0) return Status(EIO, "ibv_poll_cq", "the completion queue is lost");
  return count;
}

size_t CompletionQueue::Take(Completions& completions) {
  size_t count = TakeKept(completions);
  Batch batch;
  bool more = !lost_;
  while (more && count < completions.size()) {
    const int room = static_cast<int>(std::min(kBatch, completions.size() - count));
    const int taken = cq_->context->ops.poll_cq(cq_, room, batch.data());
    if (taken < 0) lost_ = true;
    for (int i = 0; i < taken; ++i) {
      if (Interpret(batch[static_cast<size_t>(i)], completions[count])) ++count;
    }
    more = taken == room;
  }
  Repost();
  return count;
}

size_t CompletionQueue::TakeKept(Completions& completions) {
  size_t count = 0;
  auto next = kept_.begin();
  while (next != kept_.end() && count < completions.size()) {
    if (Interpret(*next++, completions[count])) ++count;
  }
  kept_.erase(kept_.begin(), next);
  return count;
}

bool CompletionQueue::Interpret(const ibv::Wc& wc, Completion& completion) {
  QueuePair* pair = pairs_[SlotOf(wc.wr_id)];
  if (pair == nullptr) return false;
  const bool owed = pair->OwesReceives();
  const bool reported = pair->Interpret(wc, completion);
  if (!owed && pair->OwesReceives()) owing_.push_back(pair);
  return reported;
}

void CompletionQueue::Repost() {
  for (QueuePair* pair : owing_) pair->PostOwedReceives();
  owing_.clear();
}

Status CompletionQueue::Arm() {
  const int code = cq_->context->ops.req_notify_cq(cq_, 0);
  return code == 0 ? Status() : Status(code, "ibv_req_notify_cq");
}

Status CompletionQueue::Drain() {
  ibv::Cq* cq = nullptr;
  void* self = nullptr;
  unsigned events = 0;
  while (context_->verbs().get_cq_event(channel_, &cq, &self) == 0) ++events;
  const int code = errno;
  if (events > 0) context_->verbs().ack_cq_events(cq_, events);
  return code == EAGAIN || code == EINTR ? Status() : Status(code, "ibv_get_cq_event");
}

Result<uint16_t> CompletionQueue::Attach(QueuePair* pair, uint32_t entries) {
  constexpr const char* kSyscall = "ibv_create_qp";
  if (entries > entries_free_) {
    return Status(ENOBUFS, kSyscall, "the completion queue is too small for another queue pair");
  }
  auto slot = std::find(pairs_.begin(), pairs_.end(), nullptr);
  const auto index = static_cast<size_t>(std::distance(pairs_.begin(), slot));
  if (index >= kSlotsMax) return Status(ENOBUFS, kSyscall, "too many queue pairs");
  if (slot == pairs_.end()) {
    pairs_.push_back(pair);
    owing_.reserve(pairs_.capacity());
  } else {
    *slot = pair;
  }
  entries_free_ -= entries;
  return static_cast<uint16_t>(index);
}

void CompletionQueue::Detach(uint16_t slot, uint32_t entries) {
  RemoveOf(slot);
  pairs_[slot] = nullptr;
  entries_free_ += entries;
}

// Not every driver takes a destroyed queue pair's completions out of the queue.
void CompletionQueue::RemoveOf(uint16_t slot) {
  Batch batch;
  int taken = 0;
  do {
    taken = cq_->context->ops.poll_cq(cq_, static_cast<int>(kBatch), batch.data());
    if (taken < 0) lost_ = true;
    kept_.insert(kept_.end(), batch.begin(), batch.begin() + std::max(taken, 0));
  } while (taken > 0);
  std::erase_if(kept_, [slot](const ibv::Wc& wc) { return SlotOf(wc.wr_id) == slot; });
}

}  // namespace leasewire
