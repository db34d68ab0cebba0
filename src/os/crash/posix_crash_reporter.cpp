#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/path_parts.hpp"
#include "os/crash/alternate_stack.hpp"
#include "os/crash/crash_handler.hpp"
#include "os/descriptor.hpp"
#include "os/files/file_rights.hpp"
#include "os/files/path_end.hpp"
#include "os/process/fork_guard.hpp"
#include "os/uninterrupted.hpp"
#include "servicekit/os/crash_reporter.hpp"
#include "servicekit/os/files.hpp"

namespace servicekit::os {
namespace {

constexpr mode_t report_permissions = 0640;
constexpr const char* open_action = "open the crash report";
constexpr int always_with_reports = O_WRONLY | O_CLOEXEC | O_NOCTTY;

/// The file for a later report.
struct ReportFile {
    Descriptor descriptor;
    Descriptor directory;  ///< that contains the file, or will contain it
    std::string path = {};
    bool is_nameless = false;
    bool is_of_user = false;  ///< it was opened with the rights of the user that root becomes
    std::optional<Error> obstacle = {};
};

Descriptor directory_at(const PathEnd& end, const std::string& path) {
    if (end.directory() == AT_FDCWD)
        return Descriptor{open_uninterrupted(directory_of(path).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    return Descriptor{::fcntl(end.directory(), F_DUPFD_CLOEXEC, 0)};
}

/// Returns the reason why a report must not go into an existing file; nothing if it may.
std::optional<Error> obstacle_of(const struct stat& there, const PathEnd& end, const std::string& path) {
    const auto fault = [&path](std::string reason) {
        return Error{ExitCode::permission, open_action, path, std::move(reason), EEXIST};
    };
    if (!S_ISREG(there.st_mode)) return fault("it is not a regular file");
    // An earlier run may have left it in a directory that it could no longer write to.
    const auto user = file_user();
    const uid_t self = end.on_behalf_of().value_or(::geteuid());
    if (there.st_uid != self && !(user && there.st_uid == user->uid))
        return fault("it belongs to user " + std::to_string(there.st_uid));
    if (there.st_nlink > 1) return fault("it has " + std::to_string(there.st_nlink) + " names");
    return end.refusal(open_action, path, there);
}

/// \returns what prevents a report with that name
std::optional<Error> find_obstacle(const Descriptor& directory, const PathEnd& end, const std::string& path) {
    const Descriptor there{
        open_uninterrupted_at(directory.get(), file_name_of(path).data(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
    struct stat status {};
    if (!there || ::fstat(there.get(), &status) != 0) return std::nullopt;
    return obstacle_of(status, end, path);
}

Result<ReportFile> open_named(ReportFile file, const PathEnd& end, bool must_be_new) {
    const int flags = O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | (must_be_new ? O_EXCL : 0);
    file.descriptor.reset(open_uninterrupted_at(file.directory.get(), file_name_of(file.path).data(),
                                                flags | always_with_reports, report_permissions));
    struct stat status {};
    if (!file.descriptor || ::fstat(file.descriptor.get(), &status) != 0)
        return os_error(open_action, file.path, errno);
    if (auto obstacle = obstacle_of(status, end, file.path)) return *std::move(obstacle);
    return file;
}

/// Sets the permissions, whatever the umask is.
Result<ReportFile> with_permissions(ReportFile file) {
    if (::fchmod(file.descriptor.get(), report_permissions) == 0) return file;
    Error error = os_error("change the mode of the crash report", file.path, errno);
    struct stat status {};
    const bool is_known = ::fstat(file.descriptor.get(), &status) == 0;
    // A report contains pieces of memory: no report is better than one that every user can read.
    if (is_known && (status.st_mode & 07) == 0 && is_refused_by_file_system(error)) return file;
    if (is_known && !file.is_nameless && status.st_size == 0)
        ::unlinkat(file.directory.get(), file_name_of(file.path).data(), 0);
    return error;
}

Result<ReportFile> open_report_at(const PathEnd& end, const std::string& path, CrashReporter::Keeping keeping,
                                  const std::string& otherwise) {
    ReportFile file{.descriptor = {}, .directory = directory_at(end, path), .path = path};
    if (!file.directory) return os_error(open_action, path, errno);
    file.is_of_user = end.on_behalf_of().has_value();
    file.obstacle = find_obstacle(file.directory, end, path);
    if (file.obstacle && otherwise.empty()) return *file.obstacle;
    if (file.obstacle) file.path = otherwise;
    // Some file systems do not support files without a name.
    if (keeping == CrashReporter::Keeping::nameless)
        file.descriptor.reset(
            open_uninterrupted_at(file.directory.get(), ".", O_TMPFILE | always_with_reports, report_permissions));
    file.is_nameless = static_cast<bool>(file.descriptor);
    if (file.is_nameless) return with_permissions(std::move(file));
    const bool must_be_new = file.obstacle.has_value();
    auto named = open_named(std::move(file), end, must_be_new);
    return named ? with_permissions(*std::move(named)) : std::move(named);
}

class PosixCrashReporter final : public CrashReporter {
public:
    Result<void> install(const CrashPlan& plan) override {
        const std::lock_guard lock{mutex_};
        // A child of the process that installed it may install its own.
        if (crash_handler::owner() == ::getpid())
            return Error{ExitCode::os, "report crashes", "", "another service in this process does"};
        crash_handler::install(plan);
        if (plan.takes_signals) give_alternate_stack();
        return {};
    }

    Result<Place> open_report(const std::string& path, Keeping keeping, const std::string& otherwise) override {
        const std::lock_guard lock{mutex_};
        close();
        for (const std::string& one : {path, otherwise.empty() ? path : otherwise})
            if (one.size() >= PATH_MAX || !one.starts_with('/')) return os_error(open_action, one, EINVAL);
        auto opened = at_path_end(open_action, path, LastLink::keep,
                                  [&](const PathEnd& end) { return open_report_at(end, path, keeping, otherwise); });
        if (!opened) return opened.error();
        file_ = *std::move(opened);
        close_in_children(file_.descriptor.get());
        close_in_children(file_.directory.get());
        crash_handler::set_report({.descriptor = file_.descriptor.get(),
                                   .directory = file_.directory.get(),
                                   .path = file_.path,
                                   .otherwise = otherwise,
                                   .is_nameless = file_.is_nameless});
        return Place{.path = file_.path, .obstacle = file_.obstacle};
    }

    Result<void> change_owner(uid_t uid, gid_t gid) override {
        const std::lock_guard lock{mutex_};
        if (file_.descriptor && !file_.is_of_user && ::fchown(file_.descriptor.get(), uid, gid) != 0)
            return os_error("change the owner of the crash report", file_.path, errno);
        return {};
    }

    void close_report() noexcept override {
        const std::lock_guard lock{mutex_};
        close();
    }

    void add_listener(CrashListener& listener) override { crash_handler::add_listener(listener); }

    void guard_this_thread() noexcept override { give_alternate_stack(); }

    void uninstall() noexcept override {
        const std::lock_guard lock{mutex_};
        close();
        if (crash_handler::owner() == ::getpid()) crash_handler::uninstall();
    }

private:
    void close() noexcept {
        if (!file_.descriptor) return;
        crash_handler::set_report({});
        forget(file_.descriptor.get());
        forget(file_.directory.get());
        if (!file_.is_nameless) remove_if_empty();
        file_ = {};
    }

    /// If the directory is no longer writable, the file stays for the next run.
    void remove_if_empty() const noexcept {
        const char* const name = file_name_of(file_.path).data();
        struct stat ours {};
        struct stat there {};
        if (::fstat(file_.descriptor.get(), &ours) == 0 && ours.st_size == 0 &&
            ::fstatat(file_.directory.get(), name, &there, AT_SYMLINK_NOFOLLOW) == 0 && there.st_ino == ours.st_ino &&
            there.st_dev == ours.st_dev)
            ::unlinkat(file_.directory.get(), name, 0);
    }

    std::mutex mutex_;
    ReportFile file_;
};

}  // namespace

CrashReporter& posix_crash_reporter() {
    // Never destroyed, as handlers may run until the very end of the process.
    static auto* const reporter = new PosixCrashReporter;
    return *reporter;
}

}  // namespace servicekit::os
