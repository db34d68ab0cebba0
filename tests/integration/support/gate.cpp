#include "integration/support/gate.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "integration/support/await.hpp"

namespace servicekit::test {

Gate::Gate(std::string path) : path_{std::move(path)} {
    if (::mkfifo(path_.c_str(), 0666) != 0) throw std::system_error{errno, std::generic_category(), "mkfifo"};
}

void Gate::await_arrival() {
    // Without blocking, opening for writing fails as long as nobody reads.
    await_state("somebody reads " + path_, [this] {
        writer_.reset(::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
        return static_cast<bool>(writer_);
    });
}

}  // namespace servicekit::test
