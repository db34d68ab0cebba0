#include "open_file_lock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <thread>
#include <utility>

using servicekit::Acquisition, servicekit::LockWait, servicekit::os_error, servicekit::Owner, servicekit::Result;

namespace {

constexpr std::chrono::milliseconds retry_after{100};

/// Calls fcntl(2) for a lock on the whole file. \returns the lock that exists, or -1
int lock_whole(std::FILE* file, int command) {
    struct flock whole {};
    whole.l_type = F_WRLCK;
    return fcntl(fileno(file), command, &whole) == 0 ? whole.l_type : -1;
}

/// Returns the owner that the pidfile names.
Owner read_owner(const std::string& path) {
    Owner owner{.where = "an unknown process"};
    if (std::ifstream{path} >> owner.pid) owner.where = "pid " + std::to_string(owner.pid);
    return owner;
}

}  // namespace

void OpenFileLock::configure(const servicekit::Deployment& deployment) { path_ = deployment.pid_file; }

Result<Acquisition> OpenFileLock::acquire(LockWait wait, const std::stop_token& stop) {
    File file{std::fopen(path_.c_str(), "a+e"), &std::fclose};
    if (!file) return os_error("open", path_, errno);
    while (lock_whole(file.get(), F_OFD_SETLK) < 0) {
        if (errno != EAGAIN) return os_error("lock", path_, errno);
        if (wait == LockWait::fail_fast)
            return Acquisition{.state = Acquisition::State::busy, .owner = read_owner(path_)};
        if (stop.stop_requested()) return Acquisition{.state = Acquisition::State::cancelled};
        std::this_thread::sleep_for(retry_after);
    }
    if (ftruncate(fileno(file.get()), 0) != 0 || dprintf(fileno(file.get()), "%d\n", getpid()) < 0)
        return os_error("write", path_, errno);
    file_ = std::move(file);
    return Acquisition{};
}

Result<std::optional<Owner>> OpenFileLock::owner() {
    const File file{std::fopen(path_.c_str(), "re"), &std::fclose};
    if (!file && errno == ENOENT) return std::optional<Owner>{};
    const int lock = file ? lock_whole(file.get(), F_OFD_GETLK) : -1;
    if (lock < 0) return os_error("ask for the owner of", path_, errno);
    if (lock == F_UNLCK) return std::optional<Owner>{};
    return std::optional{read_owner(path_)};
}

void OpenFileLock::release() noexcept { file_.reset(); }

servicekit::Object OpenFileLock::status_fields() const { return {{"pid-file", path_}}; }
