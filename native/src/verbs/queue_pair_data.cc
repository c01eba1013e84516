// The data path of QueuePair: nothing here allocates, locks or waits.
#include <endian.h>

#include "verbs/queue_pair.h"
#include "verbs/work_request_id.h"

namespace leasewire {
namespace {

ibv::SendWr RdmaRequest(ibv::WrOpcode opcode, RemotePlace remote) {
  ibv::SendWr wr{};
  wr.opcode = opcode;
  wr.wr.rdma.remote_addr = remote.address;
  wr.wr.rdma.rkey = remote.rkey;
  return wr;
}

ibv::SendWr AtomicRequest(ibv::WrOpcode opcode, RemotePlace remote, uint64_t compare_or_add,
                          uint64_t swap) {
  ibv::SendWr wr{};
  wr.opcode = opcode;
  wr.wr.atomic.remote_addr = remote.address;
  wr.wr.atomic.compare_add = compare_or_add;
  wr.wr.atomic.swap = swap;
  wr.wr.atomic.rkey = remote.rkey;
  return wr;
}

}  // namespace

Result<bool> QueuePair::Write(const LocalRange& from, RemotePlace to, uint32_t token) {
  ibv::SendWr wr = RdmaRequest(ibv::kWrRdmaWrite, to);
  wr.send_flags = InlineFlag(from);
  return Post(wr, from, token);
}

Result<bool> QueuePair::WriteWithImmediate(const LocalRange& from, RemotePlace to,
                                           uint32_t immediate, uint32_t token) {
  ibv::SendWr wr = RdmaRequest(ibv::kWrRdmaWriteWithImm, to);
  wr.send_flags = InlineFlag(from);
  wr.imm_data = htobe32(immediate);
  return Post(wr, from, token);
}

Result<bool> QueuePair::Read(const LocalRange& into, RemotePlace from, uint32_t token) {
  ibv::SendWr wr = RdmaRequest(ibv::kWrRdmaRead, from);
  return Post(wr, into, token);
}

Result<bool> QueuePair::CompareExchange(const LocalRange& into, RemotePlace at, uint64_t expected,
                                        uint64_t desired, uint32_t token) {
  ibv::SendWr wr = AtomicRequest(ibv::kWrAtomicCmpAndSwp, at, expected, desired);
  return Post(wr, into, token);
}

Result<bool> QueuePair::FetchAdd(const LocalRange& into, RemotePlace at, uint64_t delta,
                                 uint32_t token) {
  ibv::SendWr wr = AtomicRequest(ibv::kWrAtomicFetchAndAdd, at, delta, 0);
  return Post(wr, into, token);
}

// Inline bytes are read by this thread, now: only where the memory is still mapped.
unsigned QueuePair::InlineFlag(const LocalRange& from) const {
  if (from.bytes > inline_bytes_max_ || !from.region.mapped()) return 0;
  return ibv::kSendInline;
}

Result<bool> QueuePair::Post(ibv::SendWr& wr, const LocalRange& local, uint32_t token) {
  if (state_ != State::kConnected) return WhyNot();
  if (send_room() == 0) return false;
  ibv::Sge sge{local.region.address() + local.offset, local.bytes, local.region.lkey()};
  wr.sg_list = &sge;
  wr.num_sge = local.bytes > 0 ? 1 : 0;
  wr.wr_id = SendId(slot_, posted_, token);
  const bool signalled = token != 0 || unsignalled_ + 1 >= signal_every_;
  if (signalled) wr.send_flags |= ibv::kSendSignaled;
  ibv::SendWr* refused = nullptr;
  const int code = qp_->context->ops.post_send(qp_, &wr, &refused);
  if (code != 0) return Status(code, "ibv_post_send");
  unsignalled_ = signalled ? 0 : unsignalled_ + 1;
  ++posted_;
  return true;
}

Status QueuePair::WhyNot() const {
  constexpr const char* kSyscall = "ibv_post_send";
  if (state_ == State::kFresh) return {ENOTCONN, kSyscall};
  return {ECONNRESET, kSyscall, "the queue pair has failed"};
}

bool QueuePair::Interpret(const ibv::Wc& wc, Completion& completion) {
  return IsReceive(wc.wr_id) ? InterpretReceive(wc, completion) : InterpretSend(wc, completion);
}

bool QueuePair::InterpretSend(const ibv::Wc& wc, Completion& completion) {
  const uint32_t token = TokenOf(wc.wr_id);
  // Those before it that were not signalled have completed too.
  completed_ = static_cast<uint16_t>(SequenceOf(wc.wr_id) + 1);
  if (wc.status == ibv::kWcSuccess) {
    completion = {token, CompletionKind::kDone, number(), 0};
    return token != 0;
  }
  state_ = State::kFailed;
  // Of posts that nobody waits for, the one that was the cause is worth knowing.
  if (token == 0 && wc.status == ibv::kWcWrFlushErr) return false;
  failure_known_ = true;
  completion = {token, CompletionKind::kSendFailed, number(), static_cast<uint32_t>(wc.status)};
  return true;
}

bool QueuePair::InterpretReceive(const ibv::Wc& wc, Completion& completion) {
  if (wc.status == ibv::kWcSuccess) {
    ++receives_owed_;
    completion = {be32toh(wc.imm_data), CompletionKind::kImmediate, number(), wc.byte_len};
    return wc.opcode == ibv::kWcRecvRdmaWithImm;
  }
  state_ = State::kFailed;
  completion = {0, CompletionKind::kReceiveFailed, number(), static_cast<uint32_t>(wc.status)};
  return !std::exchange(failure_known_, true);
}

void QueuePair::PostOwedReceives() {
  const uint32_t owed = std::exchange(receives_owed_, 0);
  if (state_ != State::kConnected) return;
  // A queue pair that can not take its receives would starve its peer in silence.
  if (!PostReceives(owed).ok()) static_cast<void>(ToError().ok());
}

Status QueuePair::PostReceives(uint32_t count) {
  ibv::RecvWr& last = receives_[count - 1];
  ibv::RecvWr* const next = std::exchange(last.next, nullptr);
  ibv::RecvWr* refused = nullptr;
  const int code = qp_->context->ops.post_recv(qp_, receives_.data(), &refused);
  last.next = next;
  return code == 0 ? Status() : Status(code, "ibv_post_recv");
}

}  // namespace leasewire
