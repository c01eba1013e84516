// An eventfd shared with a peer that may be hostile. O_NONBLOCK belongs to the open file, which the
// peer holds too and can change: no function here relies on finding it set.
#pragma once

#include "os/unique_fd.h"

namespace leasewire {

Result<UniqueFd> CreateEventFd();

// EINVAL when `fd` is anything but an eventfd.
Status VerifyEventFd(int fd);

// Adds one to the counter; a counter at its limit is left there.
Status RingEventFd(int fd);

// Sets the counter to zero; true if it was not.
Result<bool> DrainEventFd(int fd);

}  // namespace leasewire
