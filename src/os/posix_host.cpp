#include "servicekit/os/host.hpp"

namespace servicekit::os {

const Host& posix_host() {
    static const Host host;
    return host;
}

}  // namespace servicekit::os
