#pragma once

#include <string>

namespace servicekit::os {

/// A socket that the service manager opened for the service, with the name from its unit.
struct ListenSocket {
    std::string name;
    int descriptor = -1;
};

}  // namespace servicekit::os
