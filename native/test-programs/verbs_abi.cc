// Compiled, never run: holds src/verbs/abi.h against the header of the installed libibverbs.
#include <infiniband/verbs.h>

#include <cstddef>

#include "verbs/abi.h"

namespace ours = leasewire::ibv;

#define SAME_FIELD(type, theirs, field)                                    \
  static_assert(offsetof(ours::type, field) == offsetof(theirs, field));   \
  static_assert(sizeof(ours::type::field) == sizeof(theirs::field), #field)
#define SAME_SIZE(type, theirs) \
  static_assert(sizeof(ours::type) == sizeof(theirs) && alignof(ours::type) == alignof(theirs))
#define SAME_VALUE(name, theirs) static_assert(static_cast<long>(ours::name) == static_cast<long>(theirs))

SAME_VALUE(NodeAtomicCap::kNone, IBV_ATOMIC_NONE);
SAME_VALUE(NodeAtomicCap::kHca, IBV_ATOMIC_HCA);
SAME_VALUE(NodeAtomicCap::kGlobal, IBV_ATOMIC_GLOB);
SAME_VALUE(kPortActive, IBV_PORT_ACTIVE);
SAME_VALUE(kLinkLayerEthernet, IBV_LINK_LAYER_ETHERNET);
SAME_VALUE(kQpsReset, IBV_QPS_RESET);
SAME_VALUE(kQpsInit, IBV_QPS_INIT);
SAME_VALUE(kQpsRtr, IBV_QPS_RTR);
SAME_VALUE(kQpsRts, IBV_QPS_RTS);
SAME_VALUE(kQpsErr, IBV_QPS_ERR);
SAME_VALUE(kQptRc, IBV_QPT_RC);
SAME_VALUE(kAccessLocalWrite, IBV_ACCESS_LOCAL_WRITE);
SAME_VALUE(kAccessRemoteWrite, IBV_ACCESS_REMOTE_WRITE);
SAME_VALUE(kAccessRemoteRead, IBV_ACCESS_REMOTE_READ);
SAME_VALUE(kAccessRemoteAtomic, IBV_ACCESS_REMOTE_ATOMIC);
SAME_VALUE(kQpState, IBV_QP_STATE);
SAME_VALUE(kQpAccessFlags, IBV_QP_ACCESS_FLAGS);
SAME_VALUE(kQpPkeyIndex, IBV_QP_PKEY_INDEX);
SAME_VALUE(kQpPort, IBV_QP_PORT);
SAME_VALUE(kQpAv, IBV_QP_AV);
SAME_VALUE(kQpPathMtu, IBV_QP_PATH_MTU);
SAME_VALUE(kQpTimeout, IBV_QP_TIMEOUT);
SAME_VALUE(kQpRetryCnt, IBV_QP_RETRY_CNT);
SAME_VALUE(kQpRnrRetry, IBV_QP_RNR_RETRY);
SAME_VALUE(kQpRqPsn, IBV_QP_RQ_PSN);
SAME_VALUE(kQpMaxQpRdAtomic, IBV_QP_MAX_QP_RD_ATOMIC);
SAME_VALUE(kQpMinRnrTimer, IBV_QP_MIN_RNR_TIMER);
SAME_VALUE(kQpSqPsn, IBV_QP_SQ_PSN);
SAME_VALUE(kQpMaxDestRdAtomic, IBV_QP_MAX_DEST_RD_ATOMIC);
SAME_VALUE(kQpDestQpn, IBV_QP_DEST_QPN);
SAME_VALUE(kWrRdmaWrite, IBV_WR_RDMA_WRITE);
SAME_VALUE(kWrRdmaWriteWithImm, IBV_WR_RDMA_WRITE_WITH_IMM);
SAME_VALUE(kWrRdmaRead, IBV_WR_RDMA_READ);
SAME_VALUE(kWrAtomicCmpAndSwp, IBV_WR_ATOMIC_CMP_AND_SWP);
SAME_VALUE(kWrAtomicFetchAndAdd, IBV_WR_ATOMIC_FETCH_AND_ADD);
SAME_VALUE(kSendSignaled, IBV_SEND_SIGNALED);
SAME_VALUE(kSendInline, IBV_SEND_INLINE);
SAME_VALUE(kWcSuccess, IBV_WC_SUCCESS);
SAME_VALUE(kWcWrFlushErr, IBV_WC_WR_FLUSH_ERR);
SAME_VALUE(kWcRecvRdmaWithImm, IBV_WC_RECV_RDMA_WITH_IMM);
SAME_VALUE(kEventCqErr, IBV_EVENT_CQ_ERR);
SAME_VALUE(kEventQpFatal, IBV_EVENT_QP_FATAL);
SAME_VALUE(kEventQpReqErr, IBV_EVENT_QP_REQ_ERR);
SAME_VALUE(kEventQpAccessErr, IBV_EVENT_QP_ACCESS_ERR);
SAME_VALUE(kEventCommEst, IBV_EVENT_COMM_EST);
SAME_VALUE(kEventSqDrained, IBV_EVENT_SQ_DRAINED);
SAME_VALUE(kEventPathMig, IBV_EVENT_PATH_MIG);
SAME_VALUE(kEventPathMigErr, IBV_EVENT_PATH_MIG_ERR);
SAME_VALUE(kEventDeviceFatal, IBV_EVENT_DEVICE_FATAL);
SAME_VALUE(kEventPortActive, IBV_EVENT_PORT_ACTIVE);
SAME_VALUE(kEventPortErr, IBV_EVENT_PORT_ERR);
SAME_VALUE(kEventLidChange, IBV_EVENT_LID_CHANGE);
SAME_VALUE(kEventPkeyChange, IBV_EVENT_PKEY_CHANGE);
SAME_VALUE(kEventSmChange, IBV_EVENT_SM_CHANGE);
SAME_VALUE(kEventSrqErr, IBV_EVENT_SRQ_ERR);
SAME_VALUE(kEventSrqLimitReached, IBV_EVENT_SRQ_LIMIT_REACHED);
SAME_VALUE(kEventQpLastWqeReached, IBV_EVENT_QP_LAST_WQE_REACHED);
SAME_VALUE(kEventClientReregister, IBV_EVENT_CLIENT_REREGISTER);
SAME_VALUE(kEventGidChange, IBV_EVENT_GID_CHANGE);
SAME_VALUE(kEventWqFatal, IBV_EVENT_WQ_FATAL);

SAME_SIZE(Gid, ibv_gid);
SAME_SIZE(DeviceAttr, ibv_device_attr);
SAME_FIELD(DeviceAttr, ibv_device_attr, max_mr_size);
SAME_FIELD(DeviceAttr, ibv_device_attr, max_qp);
SAME_FIELD(DeviceAttr, ibv_device_attr, max_qp_wr);
SAME_FIELD(DeviceAttr, ibv_device_attr, max_cqe);
SAME_FIELD(DeviceAttr, ibv_device_attr, max_qp_rd_atom);
SAME_FIELD(DeviceAttr, ibv_device_attr, max_qp_init_rd_atom);
SAME_FIELD(DeviceAttr, ibv_device_attr, atomic_cap);
SAME_FIELD(DeviceAttr, ibv_device_attr, phys_port_cnt);
SAME_SIZE(PortAttr, ibv_port_attr);
SAME_FIELD(PortAttr, ibv_port_attr, state);
SAME_FIELD(PortAttr, ibv_port_attr, active_mtu);
SAME_FIELD(PortAttr, ibv_port_attr, gid_tbl_len);
SAME_FIELD(PortAttr, ibv_port_attr, max_msg_sz);
SAME_FIELD(PortAttr, ibv_port_attr, lid);
SAME_FIELD(PortAttr, ibv_port_attr, link_layer);

SAME_FIELD(CompChannel, ibv_comp_channel, fd);
SAME_FIELD(Pd, ibv_pd, context);
SAME_FIELD(Mr, ibv_mr, addr);
SAME_FIELD(Mr, ibv_mr, length);
SAME_FIELD(Mr, ibv_mr, lkey);
SAME_FIELD(Mr, ibv_mr, rkey);
SAME_FIELD(Cq, ibv_cq, context);
SAME_FIELD(Cq, ibv_cq, cq_context);
SAME_FIELD(Cq, ibv_cq, cqe);
SAME_FIELD(Qp, ibv_qp, context);
SAME_FIELD(Qp, ibv_qp, qp_context);
SAME_FIELD(Qp, ibv_qp, qp_num);

SAME_SIZE(QpCap, ibv_qp_cap);
SAME_FIELD(QpCap, ibv_qp_cap, max_send_wr);
SAME_FIELD(QpCap, ibv_qp_cap, max_recv_wr);
SAME_FIELD(QpCap, ibv_qp_cap, max_send_sge);
SAME_FIELD(QpCap, ibv_qp_cap, max_recv_sge);
SAME_FIELD(QpCap, ibv_qp_cap, max_inline_data);
SAME_SIZE(QpInitAttr, ibv_qp_init_attr);
SAME_FIELD(QpInitAttr, ibv_qp_init_attr, qp_context);
SAME_FIELD(QpInitAttr, ibv_qp_init_attr, send_cq);
SAME_FIELD(QpInitAttr, ibv_qp_init_attr, recv_cq);
SAME_FIELD(QpInitAttr, ibv_qp_init_attr, srq);
SAME_FIELD(QpInitAttr, ibv_qp_init_attr, cap);
SAME_FIELD(QpInitAttr, ibv_qp_init_attr, qp_type);
SAME_FIELD(QpInitAttr, ibv_qp_init_attr, sq_sig_all);

SAME_SIZE(GlobalRoute, ibv_global_route);
SAME_FIELD(GlobalRoute, ibv_global_route, dgid);
SAME_FIELD(GlobalRoute, ibv_global_route, sgid_index);
SAME_FIELD(GlobalRoute, ibv_global_route, hop_limit);
SAME_SIZE(AhAttr, ibv_ah_attr);
SAME_FIELD(AhAttr, ibv_ah_attr, grh);
SAME_FIELD(AhAttr, ibv_ah_attr, dlid);
SAME_FIELD(AhAttr, ibv_ah_attr, is_global);
SAME_FIELD(AhAttr, ibv_ah_attr, port_num);
SAME_SIZE(QpAttr, ibv_qp_attr);
SAME_FIELD(QpAttr, ibv_qp_attr, qp_state);
SAME_FIELD(QpAttr, ibv_qp_attr, path_mtu);
SAME_FIELD(QpAttr, ibv_qp_attr, rq_psn);
SAME_FIELD(QpAttr, ibv_qp_attr, sq_psn);
SAME_FIELD(QpAttr, ibv_qp_attr, dest_qp_num);
SAME_FIELD(QpAttr, ibv_qp_attr, qp_access_flags);
SAME_FIELD(QpAttr, ibv_qp_attr, ah_attr);
SAME_FIELD(QpAttr, ibv_qp_attr, pkey_index);
SAME_FIELD(QpAttr, ibv_qp_attr, max_rd_atomic);
SAME_FIELD(QpAttr, ibv_qp_attr, max_dest_rd_atomic);
SAME_FIELD(QpAttr, ibv_qp_attr, min_rnr_timer);
SAME_FIELD(QpAttr, ibv_qp_attr, port_num);
SAME_FIELD(QpAttr, ibv_qp_attr, timeout);
SAME_FIELD(QpAttr, ibv_qp_attr, retry_cnt);
SAME_FIELD(QpAttr, ibv_qp_attr, rnr_retry);

SAME_SIZE(Sge, ibv_sge);
SAME_FIELD(Sge, ibv_sge, addr);
SAME_FIELD(Sge, ibv_sge, length);
SAME_FIELD(Sge, ibv_sge, lkey);
SAME_SIZE(SendWr, ibv_send_wr);
SAME_FIELD(SendWr, ibv_send_wr, wr_id);
SAME_FIELD(SendWr, ibv_send_wr, next);
SAME_FIELD(SendWr, ibv_send_wr, sg_list);
SAME_FIELD(SendWr, ibv_send_wr, num_sge);
SAME_FIELD(SendWr, ibv_send_wr, opcode);
SAME_FIELD(SendWr, ibv_send_wr, send_flags);
SAME_FIELD(SendWr, ibv_send_wr, imm_data);
SAME_FIELD(SendWr, ibv_send_wr, wr.rdma.remote_addr);
SAME_FIELD(SendWr, ibv_send_wr, wr.rdma.rkey);
SAME_FIELD(SendWr, ibv_send_wr, wr.atomic.remote_addr);
SAME_FIELD(SendWr, ibv_send_wr, wr.atomic.compare_add);
SAME_FIELD(SendWr, ibv_send_wr, wr.atomic.swap);
SAME_FIELD(SendWr, ibv_send_wr, wr.atomic.rkey);
SAME_SIZE(RecvWr, ibv_recv_wr);
SAME_FIELD(RecvWr, ibv_recv_wr, wr_id);
SAME_FIELD(RecvWr, ibv_recv_wr, next);
SAME_FIELD(RecvWr, ibv_recv_wr, sg_list);
SAME_FIELD(RecvWr, ibv_recv_wr, num_sge);
SAME_SIZE(Wc, ibv_wc);
SAME_FIELD(Wc, ibv_wc, wr_id);
SAME_FIELD(Wc, ibv_wc, status);
SAME_FIELD(Wc, ibv_wc, opcode);
SAME_FIELD(Wc, ibv_wc, byte_len);
SAME_FIELD(Wc, ibv_wc, imm_data);
SAME_FIELD(Wc, ibv_wc, qp_num);
SAME_SIZE(AsyncEvent, ibv_async_event);
SAME_FIELD(AsyncEvent, ibv_async_event, element.cq);
SAME_FIELD(AsyncEvent, ibv_async_event, element.qp);
SAME_FIELD(AsyncEvent, ibv_async_event, element.port_num);
SAME_FIELD(AsyncEvent, ibv_async_event, event_type);

SAME_SIZE(ContextOps, ibv_context_ops);
SAME_FIELD(ContextOps, ibv_context_ops, poll_cq);
SAME_FIELD(ContextOps, ibv_context_ops, req_notify_cq);
SAME_FIELD(ContextOps, ibv_context_ops, post_send);
SAME_FIELD(ContextOps, ibv_context_ops, post_recv);
SAME_FIELD(Context, ibv_context, device);
SAME_FIELD(Context, ibv_context, ops);
SAME_FIELD(Context, ibv_context, cmd_fd);
SAME_FIELD(Context, ibv_context, async_fd);
