#include "napi/queue_pair.h"

#include "napi/arguments.h"
#include "napi/completion_queue.h"
#include "napi/protection_domain.h"
#include "napi/queue_pair_options.h"

namespace leasewire {
namespace {

using Class = WrappedClass<QueuePairWrap>;

}  // namespace

Napi::Function QueuePairWrap::Define(napi_env env) {
  return Class::Define(
      env,
      {Class::Method<&QueuePairWrap::Connect>("connect"),
       Class::DataMethod<&QueuePairWrap::Write>("write"),
       Class::DataMethod<&QueuePairWrap::WriteWithImmediate>("writeWithImmediate"),
       Class::DataMethod<&QueuePairWrap::Read>("read"),
       Class::DataMethod<&QueuePairWrap::CompareExchange>("compareExchange"),
       Class::DataMethod<&QueuePairWrap::FetchAdd>("fetchAdd"),
       Class::Getter<&QueuePairWrap::Outstanding>("outstanding"),
       Class::Getter<&QueuePairWrap::SendRoom>("sendRoom"),
       Class::Method<&QueuePairWrap::Fail>("fail"), Class::Method<&QueuePairWrap::Close>("close"),
       Class::Getter<&QueuePairWrap::Closed>("closed")});
}

std::unique_ptr<QueuePairWrap> QueuePairWrap::Construct(const Napi::CallbackInfo& info) {
  constexpr const char* kSyscall = "ibv_create_qp";
  const auto* domain_wrap = WrappedClass<ProtectionDomainWrap>::Argument(info, 0, "domain");
  if (domain_wrap == nullptr) return nullptr;
  const auto* queue_wrap = WrappedClass<CompletionQueueWrap>::Argument(info, 1, "queue");
  if (queue_wrap == nullptr) return nullptr;
  const auto limits = QueuePairLimitsArgument(info, 2);
  if (!limits) return nullptr;
  auto domain = domain_wrap->DomainFor(kSyscall);
  auto queue = queue_wrap->QueueFor(kSyscall);
  if (!domain.ok() || !queue.ok()) {
    ThrowStatus(info.Env(), domain.ok() ? queue.status() : domain.status());
    return nullptr;
  }
  auto pair = QueuePair::Open(std::move(domain.value()), std::move(queue.value()), *limits);
  if (!pair.ok()) {
    ThrowStatus(info.Env(), pair.status());
    return nullptr;
  }
  return std::unique_ptr<QueuePairWrap>(new QueuePairWrap(std::move(pair.value())));
}

bool QueuePairWrap::Initialize(Napi::Object self) {
  const auto inline_bytes_max = Napi::Number::New(self.Env(), pair_->inline_bytes_max());
  return DefineConstant(self, "number", Napi::Number::New(self.Env(), pair_->number())) &&
         DefineConstant(self, "inlineBytesMax", inline_bytes_max);
}

Napi::Value QueuePairWrap::Connect(const Napi::CallbackInfo& info) {
  const auto route = RouteArgument(info, 0);
  if (!route) return {};
  if (pair_ == nullptr) return ThrowStatus(info.Env(), Status(EBADF, "ibv_modify_qp"));
  const Status connected = pair_->Connect(*route);
  return connected.ok() ? info.Env().Undefined() : ThrowStatus(info.Env(), connected);
}

Napi::Value QueuePairWrap::Fail(const Napi::CallbackInfo& info) {
  if (pair_ == nullptr) return ThrowStatus(info.Env(), Status(EBADF, "ibv_modify_qp"));
  const Status failed = pair_->Fail();
  return failed.ok() ? info.Env().Undefined() : ThrowStatus(info.Env(), failed);
}

Napi::Value QueuePairWrap::Close(const Napi::CallbackInfo& info) {
  pair_.reset();
  return info.Env().Undefined();
}

Napi::Value QueuePairWrap::Closed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), pair_ == nullptr);
}

Napi::Value QueuePairWrap::Outstanding(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), pair_ == nullptr ? 0 : pair_->outstanding());
}

Napi::Value QueuePairWrap::SendRoom(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), pair_ == nullptr ? 0 : pair_->send_room());
}

}  // namespace leasewire
