#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <mutex>
#include <string>
#include <utility>

#include "os/alternate_stack.hpp"
#include "os/crash_handler.hpp"
#include "os/descriptor.hpp"
#include "os/fork_guard.hpp"
#include "servicekit/os/crash_reporter.hpp"

namespace servicekit::os {
namespace {

constexpr mode_t permissions = 0640;

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == 0 ? "/" : path.substr(0, slash);
}

class PosixCrashReporter final : public CrashReporter {
public:
    Result<void> install(const CrashPlan& plan) override {
        const std::lock_guard lock{mutex_};
        // In a child of the process that installed it, it is nobody's.
        if (crash_handler::owner() == ::getpid())
            return Error{ExitCode::os, "report crashes", "", "another service in this process does"};
        crash_handler::install(plan);
        give_alternate_stack();
        return {};
    }

    Result<void> open_report(const std::string& path, Keeping keeping) override {
        const std::lock_guard lock{mutex_};
        close();
        if (path.size() >= PATH_MAX || !path.starts_with('/')) return os_error("open the crash report", path, EINVAL);
        // Not every file system has files without a name.
        if (keeping == Keeping::nameless) file_.reset(::open(folder_of(path).c_str(), O_TMPFILE | always, permissions));
        is_nameless_ = static_cast<bool>(file_);
        if (!file_) {
            file_.reset(::open(path.c_str(), O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | always, permissions));
            struct stat status {};
            if (!file_ || ::fstat(file_.get(), &status) != 0) return os_error("open the crash report", path, errno);
            if (!S_ISREG(status.st_mode)) {
                file_.reset();
                return Error{ExitCode::cannot_create, "open the crash report", path, "it is no regular file"};
            }
        }
        // Whatever the umask.
        if (::fchmod(file_.get(), permissions) != 0) {
            const int fault = errno;
            close();
            return os_error("change the mode of the crash report", path, fault);
        }
        close_in_children(file_.get());
        path_ = path;
        crash_handler::set_report(file_.get(), path, is_nameless_);
        return {};
    }

    Result<void> hand_to(uid_t uid, gid_t gid) override {
        const std::lock_guard lock{mutex_};
        if (file_ && ::fchown(file_.get(), uid, gid) != 0)
            return os_error("change the owner of the crash report", path_, errno);
        return {};
    }

    void close_report() noexcept override {
        const std::lock_guard lock{mutex_};
        close();
    }

    void add_last_words(LastWords& last_words) override { crash_handler::add_last_words(last_words); }

    void guard_this_thread() noexcept override { give_alternate_stack(); }

    void uninstall() noexcept override {
        const std::lock_guard lock{mutex_};
        close();
        if (crash_handler::owner() == ::getpid()) crash_handler::uninstall();
    }

private:
    static constexpr int always = O_WRONLY | O_CLOEXEC | O_NOCTTY;

    void close() noexcept {
        if (!file_) return;
        crash_handler::set_report(-1, {}, false);
        forget(file_.get());
        if (!is_nameless_) remove_if_empty();
        file_.reset();
    }

    /// Where the folder may not be written any more, the file stays for the next start to use.
    void remove_if_empty() const noexcept {
        struct stat ours {};
        struct stat there {};
        if (::fstat(file_.get(), &ours) == 0 && ours.st_size == 0 && ::lstat(path_.c_str(), &there) == 0 &&
            there.st_ino == ours.st_ino && there.st_dev == ours.st_dev)
            ::unlink(path_.c_str());
    }

    std::mutex mutex_;
    Descriptor file_;
    std::string path_;
    bool is_nameless_ = false;
};

}  // namespace

CrashReporter& posix_crash_reporter() {
    // Never destroyed, as handlers may run until the very end of the process.
    static auto* const reporter = new PosixCrashReporter;
    return *reporter;
}

}  // namespace servicekit::os
