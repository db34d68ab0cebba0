#pragma once

#include <string>

namespace servicekit::os {

/// A socket that the service manager opened for the service, with the name from its unit.
struct ListenSocket {
    std::string name;     ///< FileDescriptorName= of the socket unit
    int descriptor = -1;  ///< the socket, which listens
};

}  // namespace servicekit::os
