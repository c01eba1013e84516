// The posts of QueuePairWrap: numbers from JavaScript become ranges that are known to be right.
#include "napi/arguments.h"
#include "napi/memory_region.h"
#include "napi/queue_pair.h"
#include "napi/remote_region.h"

namespace leasewire {
namespace {

constexpr uint32_t kAtomicBytes = 8;

std::optional<uint32_t> Word(napi_env env, napi_value value, const char* name) {
  const auto number = IntegerOf(env, value, name, 0, UINT32_MAX);
  return number ? std::optional(static_cast<uint32_t>(*number)) : std::nullopt;
}

std::optional<uint32_t> Token(napi_env env, napi_value value) { return Word(env, value, "token"); }

std::optional<RemotePlace> Remote(napi_env env, napi_value region, napi_value offset,
                                  uint32_t bytes) {
  const auto* wrap = WrappedClass<RemoteRegionWrap>::Require(env, region, "remote");
  if (wrap == nullptr) return std::nullopt;
  const auto at = IntegerOf(env, offset, "remoteOffset", 0, kSafeIntegerMax);
  if (!at) return std::nullopt;
  const RemoteRegion& remote = wrap->region();
  if (!IsWithin(*at, bytes, remote.bytes)) {
    ThrowRangeError(env, std::to_string(bytes) + " bytes at remoteOffset " + std::to_string(*at) +
                             " are not within the remote region's " + std::to_string(remote.bytes));
    return std::nullopt;
  }
  return RemotePlace{remote.address + *at, remote.rkey};
}

napi_value Outcome(napi_env env, Result<bool> posted) {
  if (!posted.ok()) return ThrowStatus(env, posted.status());
  napi_value result = nullptr;
  napi_get_boolean(env, posted.value(), &result);
  return result;
}

}  // namespace

std::optional<LocalRange> QueuePairWrap::Local(napi_env env, napi_value region, napi_value offset,
                                               uint32_t bytes) const {
  const auto* wrap = WrappedClass<MemoryRegionWrap>::Require(env, region, "region");
  if (wrap == nullptr) return std::nullopt;
  const auto at = IntegerOf(env, offset, "offset", 0, kSafeIntegerMax);
  if (!at) return std::nullopt;
  const MemoryRegion& local = wrap->region();
  if (!IsWithin(*at, bytes, local.bytes())) {
    ThrowRangeError(env, std::to_string(bytes) + " bytes at offset " + std::to_string(*at) +
                             " are not within the region's " + std::to_string(local.bytes()));
    return std::nullopt;
  }
  // Numbers do not run code of the caller's, so that what is open here is open when it is posted.
  constexpr const char* kSyscall = "ibv_post_send";
  if (pair_ == nullptr || !local.open()) {
    ThrowStatus(env, Status(EBADF, kSyscall));
    return std::nullopt;
  }
  if (local.domain() != pair_->domain()) {
    ThrowStatus(env, Status(EINVAL, kSyscall, "the region is of another protection domain"));
    return std::nullopt;
  }
  return LocalRange{local, *at, bytes};
}

std::optional<QueuePairWrap::Ends> QueuePairWrap::RangeEnds(napi_env env,
                                                            const DataArguments& arguments) const {
  const uint32_t bytes_max = pair_ == nullptr ? UINT32_MAX : pair_->message_bytes_max();
  const auto bytes = IntegerOf(env, arguments[2], "bytes", 0, bytes_max);
  if (!bytes) return std::nullopt;
  const auto count = static_cast<uint32_t>(*bytes);
  const auto local = Local(env, arguments[0], arguments[1], count);
  if (!local) return std::nullopt;
  const auto remote = Remote(env, arguments[3], arguments[4], count);
  if (!remote) return std::nullopt;
  return Ends{*local, *remote};
}

std::optional<QueuePairWrap::Ends> QueuePairWrap::WordEnds(napi_env env,
                                                           const DataArguments& arguments) const {
  const auto local = Local(env, arguments[0], arguments[1], kAtomicBytes);
  if (!local) return std::nullopt;
  const auto remote = Remote(env, arguments[2], arguments[3], kAtomicBytes);
  if (!remote) return std::nullopt;
  if (remote->address % kAtomicBytes != 0) {
    ThrowRangeError(env, "the remote address of an atomic must be a multiple of 8");
    return std::nullopt;
  }
  return Ends{*local, *remote};
}

napi_value QueuePairWrap::Write(napi_env env, const DataArguments& arguments) {
  const auto ends = RangeEnds(env, arguments);
  if (!ends) return nullptr;
  const auto token = Token(env, arguments[5]);
  if (!token) return nullptr;
  return Outcome(env, pair_->Write(ends->local, ends->remote, *token));
}

napi_value QueuePairWrap::WriteWithImmediate(napi_env env, const DataArguments& arguments) {
  const auto ends = RangeEnds(env, arguments);
  if (!ends) return nullptr;
  const auto immediate = Word(env, arguments[5], "immediate");
  if (!immediate) return nullptr;
  const auto token = Token(env, arguments[6]);
  if (!token) return nullptr;
  return Outcome(env, pair_->WriteWithImmediate(ends->local, ends->remote, *immediate, *token));
}

napi_value QueuePairWrap::Read(napi_env env, const DataArguments& arguments) {
  const auto ends = RangeEnds(env, arguments);
  if (!ends) return nullptr;
  const auto token = Token(env, arguments[5]);
  if (!token) return nullptr;
  return Outcome(env, pair_->Read(ends->local, ends->remote, *token));
}

napi_value QueuePairWrap::CompareExchange(napi_env env, const DataArguments& arguments) {
  const auto ends = WordEnds(env, arguments);
  if (!ends) return nullptr;
  const auto expected = BigIntOf(env, arguments[4], "expected");
  if (!expected) return nullptr;
  const auto desired = BigIntOf(env, arguments[5], "desired");
  if (!desired) return nullptr;
  const auto token = Token(env, arguments[6]);
  if (!token) return nullptr;
  return Outcome(env,
                 pair_->CompareExchange(ends->local, ends->remote, *expected, *desired, *token));
}

napi_value QueuePairWrap::FetchAdd(napi_env env, const DataArguments& arguments) {
  const auto ends = WordEnds(env, arguments);
  if (!ends) return nullptr;
  const auto delta = BigIntOf(env, arguments[4], "delta");
  if (!delta) return nullptr;
  const auto token = Token(env, arguments[5]);
  if (!token) return nullptr;
  return Outcome(env, pair_->FetchAdd(ends->local, ends->remote, *delta, *token));
}

}  // namespace leasewire
