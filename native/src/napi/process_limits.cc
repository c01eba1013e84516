#include "napi/process_limits.h"

#include <sys/resource.h>
#include <unistd.h>

#include <limits>

namespace leasewire {
namespace {

Napi::Number LimitOf(napi_env env, rlim_t limit) {
  return Napi::Number::New(env, limit == RLIM_INFINITY ? std::numeric_limits<double>::infinity()
                                                       : static_cast<double>(limit));
}

}  // namespace

// getrlimit() fails only for resources that there are not.
Napi::Value ProcessLimitsFunction(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  rlimit open_files{};
  rlimit locked{};
  getrlimit(RLIMIT_NOFILE, &open_files);
  getrlimit(RLIMIT_MEMLOCK, &locked);
  auto limits = Napi::Object::New(env);
  limits.Set("pageBytes", Napi::Number::New(env, static_cast<double>(sysconf(_SC_PAGESIZE))));
  limits.Set("openFilesMax", LimitOf(env, open_files.rlim_cur));
  limits.Set("openFilesHard", LimitOf(env, open_files.rlim_max));
  limits.Set("lockedBytesMax", LimitOf(env, locked.rlim_cur));
  return limits;
}

}  // namespace leasewire
