#include "napi/descriptor.h"

namespace leasewire {

using Class = WrappedClass<DescriptorWrap>;

Napi::Function DescriptorWrap::Define(napi_env env) {
  return Class::Define(env, {Class::Method<&DescriptorWrap::Close>("close"),
                             Class::Getter<&DescriptorWrap::Closed>("closed")});
}

Napi::Value DescriptorWrap::New(napi_env env, UniqueFd fd) {
  auto owned = std::make_shared<UniqueFd>(std::move(fd));
  return Class::New(env, Environment::Of(env).descriptor_constructor,
                    std::unique_ptr<DescriptorWrap>(new DescriptorWrap(std::move(owned), false)));
}

Napi::Value DescriptorWrap::NewLent(napi_env env, std::shared_ptr<UniqueFd> fd) {
  return Class::New(env, Environment::Of(env).descriptor_constructor,
                    std::unique_ptr<DescriptorWrap>(new DescriptorWrap(std::move(fd), true)));
}

std::unique_ptr<DescriptorWrap> DescriptorWrap::Construct(const Napi::CallbackInfo& info) {
  ThrowTypeError(info.Env(), "a Descriptor comes from a memfd, a doorbell or a message");
  return nullptr;
}

Result<int> DescriptorWrap::FdFor(const char* syscall) const {
  if (fd_ == nullptr || !fd_->valid()) return Status(EBADF, syscall);
  return fd_->get();
}

Result<UniqueFd> DescriptorWrap::Take() {
  if (const auto open = FdFor("fcntl"); !open.ok()) return open.status();
  if (lent_) return fd_->Duplicate();
  return std::move(*fd_);
}

Napi::Value DescriptorWrap::Close(const Napi::CallbackInfo& info) {
  fd_.reset();
  return info.Env().Undefined();
}

Napi::Value DescriptorWrap::Closed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), fd_ == nullptr || !fd_->valid());
}

}  // namespace leasewire
