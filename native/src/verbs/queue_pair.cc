#include "verbs/queue_pair.h"

#include <algorithm>

#include "verbs/work_request_id.h"

namespace leasewire {

Result<std::unique_ptr<QueuePair>> QueuePair::Open(std::shared_ptr<ProtectionDomain> domain,
                                                   std::shared_ptr<CompletionQueue> queue,
                                                   const QueuePairLimits& limits) {
  if (&domain->context() != &queue->context()) {
    return Status(EINVAL, "ibv_create_qp", "domain and completion queue are of two contexts");
  }
  std::unique_ptr<QueuePair> pair(new QueuePair(std::move(domain), std::move(queue), limits));
  if (const Status created = pair->Create(); !created.ok()) return created;
  return pair;
}

Status QueuePair::Create() {
  auto slot = queue_->Attach(this, limits_.sends_max + limits_.receives_max);
  if (!slot.ok()) return slot.status();
  attached_ = true;
  slot_ = slot.value();
  ibv::QpInitAttr attributes{};
  attributes.send_cq = queue_->get();
  attributes.recv_cq = queue_->get();
  attributes.cap = {.max_send_wr = limits_.sends_max,
                    .max_recv_wr = limits_.receives_max,
                    .max_send_sge = 1,
                    .max_recv_sge = 1,
                    .max_inline_data = limits_.inline_bytes_max};
  attributes.qp_type = ibv::kQptRc;
  qp_ = domain_->context().verbs().create_qp(domain_->get(), &attributes);
  if (qp_ == nullptr) return Status::FromErrno("ibv_create_qp");
  inline_bytes_max_ = attributes.cap.max_inline_data;
  message_bytes_max_ = domain_->context().attributes().port.max_msg_sz;
  signal_every_ = std::max(limits_.sends_max / 2, 1U);
  PrepareReceives();
  return {};
}

QueuePair::~QueuePair() {
  if (qp_ != nullptr) domain_->context().verbs().destroy_qp(qp_);
  if (attached_) queue_->Detach(slot_, limits_.sends_max + limits_.receives_max);
}

void QueuePair::PrepareReceives() {
  receives_.resize(limits_.receives_max);
  for (size_t i = 0; i < receives_.size(); ++i) {
    ibv::RecvWr* const next = i + 1 < receives_.size() ? &receives_[i + 1] : nullptr;
    receives_[i] = {.wr_id = ReceiveId(slot_), .next = next, .sg_list = nullptr, .num_sge = 0};
  }
}

Status QueuePair::Connect(const Route& route) {
  if (state_ != State::kFresh) return {EISCONN, "ibv_modify_qp"};
  // Until all steps are taken, nothing can be posted.
  state_ = State::kFailed;
  if (const Status done = ToInit(); !done.ok()) return done;
  if (const Status done = PostReceives(limits_.receives_max); !done.ok()) return done;
  if (const Status done = ToReadyToReceive(route); !done.ok()) return done;
  if (const Status done = ToReadyToSend(route); !done.ok()) return done;
  state_ = State::kConnected;
  return {};
}

Status QueuePair::Modify(ibv::QpAttr& attributes, int mask) {
  const int code = domain_->context().verbs().modify_qp(qp_, &attributes, mask);
  return code == 0 ? Status() : Status(code, "ibv_modify_qp");
}

Status QueuePair::ToInit() {
  const VerbsAttributes& context = domain_->context().attributes();
  // What a peer may do is up to the regions.
  unsigned access = ibv::kAccessRemoteWrite | ibv::kAccessRemoteRead;
  if (context.device.atomic_cap != ibv::NodeAtomicCap::kNone) access |= ibv::kAccessRemoteAtomic;
  ibv::QpAttr attributes{};
  attributes.qp_state = ibv::kQpsInit;
  attributes.port_num = context.port_number;
  attributes.qp_access_flags = access;
  return Modify(attributes, ibv::kQpState | ibv::kQpPkeyIndex | ibv::kQpPort | ibv::kQpAccessFlags);
}

ibv::AhAttr QueuePair::AddressOf(const Route& route) const {
  const VerbsAttributes& context = domain_->context().attributes();
  constexpr uint8_t kHopsMax = 64;
  ibv::AhAttr address{};
  address.port_num = context.port_number;
  address.dlid = route.lid;
  // Ethernet goes by GIDs alone, InfiniBand by LIDs while it stays within a subnet.
  if (context.port.link_layer == ibv::kLinkLayerEthernet || route.lid == 0) {
    address.is_global = 1;
    address.grh.dgid = route.gid;
    address.grh.sgid_index = context.gid_index;
    address.grh.hop_limit = kHopsMax;
  }
  return address;
}

Status QueuePair::ToReadyToReceive(const Route& route) {
  // 0.64 ms until a peer that found no receive tries again.
  constexpr uint8_t kRnrTimer = 12;
  ibv::QpAttr attributes{};
  attributes.qp_state = ibv::kQpsRtr;
  attributes.ah_attr = AddressOf(route);
  attributes.path_mtu = route.mtu;
  attributes.dest_qp_num = route.number;
  attributes.rq_psn = route.packet_sequence;
  attributes.max_dest_rd_atomic = limits_.reads_max;
  attributes.min_rnr_timer = kRnrTimer;
  return Modify(attributes, ibv::kQpState | ibv::kQpAv | ibv::kQpPathMtu | ibv::kQpDestQpn |
                                ibv::kQpRqPsn | ibv::kQpMaxDestRdAtomic | ibv::kQpMinRnrTimer);
}

Status QueuePair::ToReadyToSend(const Route& route) {
  ibv::QpAttr attributes{};
  attributes.qp_state = ibv::kQpsRts;
  attributes.timeout = route.ack_timeout_exponent;
  attributes.retry_cnt = route.retries;
  attributes.rnr_retry = route.rnr_retries;
  attributes.sq_psn = route.own_packet_sequence;
  attributes.max_rd_atomic = route.reads_max;
  return Modify(attributes, ibv::kQpState | ibv::kQpTimeout | ibv::kQpRetryCnt | ibv::kQpRnrRetry |
                                ibv::kQpSqPsn | ibv::kQpMaxQpRdAtomic);
}

Status QueuePair::Fail() {
  failure_known_ = true;
  return ToError();
}

Status QueuePair::ToError() {
  state_ = State::kFailed;
  ibv::QpAttr attributes{};
  attributes.qp_state = ibv::kQpsErr;
  return Modify(attributes, ibv::kQpState);
}

}  // namespace leasewire
