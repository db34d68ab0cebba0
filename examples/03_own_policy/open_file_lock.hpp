#pragma once

#include <fcntl.h>
#include <unistd.h>
#include <servicekit/policy/lock_policy.hpp>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

using servicekit::Acquisition, servicekit::Deployment, servicekit::LockWait;
using servicekit::Error, servicekit::Object, servicekit::os_error, servicekit::Result;
using servicekit::Owner;

/// Locks the pidfile by its open file description (F_OFD_SETLK, fcntl(2)): unlike a lock of the process, it stays when
/// the program opens and closes that file elsewhere; but a child that never calls exec(3) keeps it.
/// What each member promises stands in servicekit/policy/lock_policy.hpp; what is not overridden has a default there.
class OpenFileLock final : public servicekit::LockPolicy {
public:
    void configure(const Deployment& deployment) override { path_ = deployment.pid_file; }
    Result<Acquisition> acquire(LockWait wait, const std::stop_token& stop) override {
        File file{std::fopen(path_.c_str(), "a+e"), &std::fclose};
        if (!file) return os_error("open", path_, errno);
        for (; lock_whole(*file, F_OFD_SETLK) < 0; std::this_thread::sleep_for(std::chrono::milliseconds{100})) {
            if (errno != EAGAIN) return os_error("lock", path_, errno);
            if (wait == LockWait::fail_fast) return Acquisition{Acquisition::State::busy, holder()};
            if (stop.stop_requested()) return Acquisition{.state = Acquisition::State::cancelled};
        }
        if (ftruncate(fileno(file.get()), 0) != 0 || dprintf(fileno(file.get()), "%d\n", getpid()) < 0)
            return os_error("write", path_, errno);
        file_ = std::move(file);
        return Acquisition{};
    }
    void release() noexcept override { file_.reset(); }
    Result<std::optional<Owner>> owner() override {
        const File file{std::fopen(path_.c_str(), "re"), &std::fclose};
        if (!file && errno == ENOENT) return std::optional<Owner>{};
        const int lock = file ? lock_whole(*file, F_OFD_GETLK) : -1;
        if (lock < 0) return os_error("ask for the owner of", path_, errno);
        return lock == F_UNLCK ? std::nullopt : std::optional{holder()};
    }
    Object status_fields() const override { return {{"pid-file", path_}}; }

private:
    using File = std::unique_ptr<FILE, int (*)(FILE*)>;
    static int lock_whole(FILE& file, int command);  // of F_OFD_GETLK, what is locked
    Owner holder() const;                            // as the file says
    std::string path_;
    File file_{nullptr, &std::fclose};
};

inline int OpenFileLock::lock_whole(FILE& file, int command) {
    struct flock all {};
    all.l_type = F_WRLCK;
    return fcntl(fileno(&file), command, &all) == 0 ? all.l_type : -1;
}

inline Owner OpenFileLock::holder() const {
    Owner owner{.where = "an unknown process"};
    if (std::ifstream{path_} >> owner.pid) owner.where = "pid " + std::to_string(owner.pid);
    return owner;
}
