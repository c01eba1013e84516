// Binds a C++ class T to a JavaScript class. The JavaScript object owns its T, and carries T's type
// tag: nothing else is ever taken for a T, whatever JavaScript does with prototypes and receivers.
//
// T provides: kName, kTag; static Construct(info), which returns null with an exception pending if
// JavaScript may not have one; and Initialize(self), false with an exception pending, which adds
// own properties.
#pragma once

#include <napi.h>

#include <array>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "napi/environment.h"
#include "napi/error.h"

namespace leasewire {

// The first arguments of a call; undefined where there are fewer.
using DataArguments = std::array<napi_value, 7>;

template <class T>
class WrappedClass {
 public:
  using Member = napi_property_descriptor;

  // `M` is a `Napi::Value (T::*)(const Napi::CallbackInfo&)`.
  template <auto M>
  static Member Method(const char* name) {
    return {name, nullptr, Call<M>, nullptr, nullptr, nullptr, napi_default_method, nullptr};
  }

  // For the data path: `M` is a `napi_value (T::*)(napi_env, const DataArguments&)`, and reaching
  // it allocates nothing.
  template <auto M>
  static Member DataMethod(const char* name) {
    return {name, nullptr, CallData<M>, nullptr, nullptr, nullptr, napi_default_method, nullptr};
  }

  template <auto M>
  static Member Getter(const char* name) {
    return {name, nullptr, nullptr, Call<M>, nullptr, nullptr, napi_configurable, nullptr};
  }

  // Empty, with an exception pending, on failure.
  static Napi::Function Define(napi_env env, const std::vector<Member>& members) {
    napi_value constructor = nullptr;
    napi_define_class(env, T::kName, NAPI_AUTO_LENGTH, Construct, nullptr, members.size(),
                      members.data(), &constructor);
    return {env, constructor};
  }

  // A JavaScript object that owns `native`; empty, with an exception pending, on failure.
  static Napi::Value New(napi_env env, const Napi::FunctionReference& constructor,
                         std::unique_ptr<T> native) {
    napi_value object = nullptr;
    Environment& environment = Environment::Of(env);
    environment.construction = &native;
    napi_new_instance(env, constructor.Value(), 0, nullptr, &object);
    environment.construction = nullptr;
    return {env, object};
  }

  // The T of `value`; nullptr if it has none.
  static T* From(napi_env env, napi_value value) {
    napi_valuetype type = napi_undefined;
    bool tagged = false;
    void* native = nullptr;
    if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return nullptr;
    if (napi_check_object_type_tag(env, value, &T::kTag, &tagged) != napi_ok || !tagged) {
      return nullptr;
    }
    return napi_unwrap(env, value, &native) == napi_ok ? static_cast<T*>(native) : nullptr;
  }

  // The T of argument `index`; nullptr, with a TypeError pending, if it is something else.
  static T* Argument(const Napi::CallbackInfo& info, size_t index, const char* name) {
    return Require(info.Env(), info[index], name);
  }

  // The T of `value`, which messages call `name`; likewise.
  static T* Require(napi_env env, napi_value value, const char* name) {
    T* native = From(env, value);
    if (native == nullptr) ThrowTypeError(env, std::string(name) + " must be a " + T::kName);
    return native;
  }

 private:
  template <auto M>
  static napi_value Call(napi_env env, napi_callback_info raw) {
    const Napi::CallbackInfo info(env, raw);
    T* native = From(env, info.This());
    if (native == nullptr) return ThrowTypeError(env, std::string("not a ") + T::kName);
    return Invoke(M, *native, info);
  }

  template <auto M>
  static napi_value CallData(napi_env env, napi_callback_info info) {
    DataArguments arguments;
    size_t count = arguments.size();
    napi_value self = nullptr;
    napi_get_cb_info(env, info, &count, arguments.data(), &self, nullptr);
    T* native = From(env, self);
    if (native == nullptr) return ThrowTypeError(env, std::string("not a ") + T::kName);
    return (native->*M)(env, arguments);
  }

  // The member may be one of a base class of T.
  template <class Owner>
  static Napi::Value Invoke(Napi::Value (Owner::*member)(const Napi::CallbackInfo&),
                            std::type_identity_t<Owner>& owner, const Napi::CallbackInfo& info) {
    return (owner.*member)(info);
  }

  static napi_value Construct(napi_env env, napi_callback_info raw) {
    const Napi::CallbackInfo info(env, raw);
    if (!info.IsConstructCall()) {
      return ThrowTypeError(env, std::string("class ") + T::kName + " needs `new`");
    }
    void* construction = std::exchange(Environment::Of(env).construction, nullptr);
    std::unique_ptr<T> native = construction == nullptr
                                    ? T::Construct(info)
                                    : std::move(*static_cast<std::unique_ptr<T>*>(construction));
    if (native == nullptr) return nullptr;
    T* const target = native.get();
    const Napi::Object self = info.This().As<Napi::Object>();
    if (napi_wrap(env, self, target, Delete, nullptr, nullptr) != napi_ok) {
      return ThrowTypeError(env, std::string("can not wrap a ") + T::kName);
    }
    native.release();  // The object's finalizer has it now.
    napi_type_tag_object(env, self, &T::kTag);
    return target->Initialize(self) ? self : Napi::Value();
  }

  static void Delete(napi_env, void* native, void*) { delete static_cast<T*>(native); }
};

}  // namespace leasewire
