#include "servicekit/os/not_cancelled.hpp"

#include <pthread.h>

namespace servicekit::os {

NotCancelled::NotCancelled() noexcept { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }

NotCancelled::~NotCancelled() { ::pthread_setcancelstate(before_, nullptr); }

}  // namespace servicekit::os
