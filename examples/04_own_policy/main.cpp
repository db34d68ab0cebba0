// A service with a lock policy written by the application.
#include <servicekit/main.hpp>
#include <servicekit/policies.hpp>

#include "open_file_lock.hpp"

using OwnPolicy = servicekit::BasicService<servicekit::ForkingDaemon, OpenFileLock, servicekit::FileLog,
                                           servicekit::UnixSocketControl>;

int main(int argc, char** argv) {
    return servicekit::service_main<OwnPolicy>(argc, argv, {.name = "own-policy", .version = "1.0"});
}
