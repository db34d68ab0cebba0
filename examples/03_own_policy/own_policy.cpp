// A service whose lock is the reader's own: a plain class, checked where it is defined, put in the place of ours.
#include <servicekit/basic_service.hpp>
#include <servicekit/main.hpp>
#include <servicekit/policies.hpp>

#include "open_file_lock.hpp"

// Says in words what the class lacks, if it lacks anything; see what_the_compiler_says/.
template struct servicekit::CheckLockPolicy<OpenFileLock>;

using OwnPolicy = servicekit::BasicService<servicekit::ForkingDaemon, OpenFileLock, servicekit::FileLog,
                                           servicekit::UnixSocketControl>;

int main(int argc, char** argv) {
    return servicekit::service_main<OwnPolicy>(argc, argv, {.name = "own-policy", .version = "1.0"});
}
