#include "servicekit/service.hpp"

namespace servicekit {

template class BasicService<ForkingDaemon, PidFileLock, FileLog, UnixSocketControl>;

}  // namespace servicekit
