#include "servicekit/policies/lock/pid_file_lock.hpp"

#include <chrono>
#include <condition_variable>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/attempt.hpp"
#include "base/parse_number.hpp"
#include "policies/lock/other_run_directories.hpp"
#include "servicekit/os/file_locks.hpp"
#include "servicekit/os/files.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/os/process_table.hpp"

namespace servicekit {

namespace {

Owner to_owner(const os::LockOwner& owner) {
    return {.pid = owner.pid,
            .where = owner.pid > 0 ? "pid " + std::to_string(owner.pid) : "an unknown process",
            .is_instance = owner.is_instance,
            .uid = owner.uid};
}

Owner to_owner(const policies::OtherRunDirectories::Instance& instance) {
    Owner owner = to_owner(instance.owner);
    owner.where += " with '" + instance.pid_file + "'";
    return owner;
}

/// \returns nothing if the content does not begin with a pid and a newline
std::optional<pid_t> pid_in(std::string_view content) {
    const auto end = content.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const auto pid = parse_number<pid_t>(content.substr(0, end));
    return pid > 0 ? pid : std::nullopt;
}

/// Waits between two attempts.
class Standby {
public:
    Standby(os::ProcessTable& processes, std::chrono::milliseconds interval, const std::stop_token& stop)
        : processes_{&processes}, interval_{interval}, stop_{&stop} {}

    /// Returns when the owner has ended or the interval is over. If the owner cannot be watched, also returns on a
    /// request to stop.
    void wait_for(pid_t owner) {
        // An owner that has ended and still has the lock has left it to a child.
        if (owner <= 0 || owner == ended_)
            sleep();
        else if (processes_->wait_for_end(owner, interval_))
            ended_ = owner;
    }

private:
    void sleep() {
        std::unique_lock lock{mutex_};
        stopped_.wait_for(lock, *stop_, interval_, [] { return false; });
    }

    os::ProcessTable* processes_;
    std::chrono::milliseconds interval_;
    const std::stop_token* stop_;
    pid_t ended_ = 0;
    std::mutex mutex_;
    std::condition_variable_any stopped_;
};

}  // namespace

PidFileLock::PidFileLock() : PidFileLock{Options{}} {}

PidFileLock::PidFileLock(Options options, const os::Host& host)
    : options_{std::move(options)},
      file_locks_{host.locks},
      process_{host.process},
      processes_{host.processes},
      files_{host.files},
      path_{options_.path},
      mutex_{std::make_unique<std::mutex>()} {}

PidFileLock::PidFileLock(PidFileLock&& other) noexcept = default;
PidFileLock& PidFileLock::operator=(PidFileLock&& other) noexcept = default;
PidFileLock::~PidFileLock() = default;

void PidFileLock::configure(const Deployment& deployment) {
    if (!options_.path.empty()) return;
    path_ = deployment.pid_file;
    other_pid_files_ = deployment.other_pid_files;
}

policies::OtherRunDirectories PidFileLock::other_run_directories() const {
    return {other_pid_files_, *file_locks_, *files_, *process_, *processes_};
}

Result<Acquisition> PidFileLock::acquire(LockWait wait, const std::stop_token& stop) {
    Standby standby{*processes_, options_.retry_interval, stop};
    for (;;) {
        if (wait == LockWait::wait && stop.stop_requested()) return Acquisition{.state = Acquisition::State::cancelled};
        auto attempt = file_locks_->try_lock(path_, options_.permissions);
        if (!attempt) return cannot_lock(attempt.error());
        Owner in_the_way = to_owner(attempt->owner);
        if (attempt->lock) {
            const auto other = other_instance(*attempt->lock);
            if (!other) return cannot_lock(other.error());
            if (!*other) {
                if (const auto kept = keep(std::move(attempt->lock)); !kept) return kept.error();
                // An owner that releases the lock empties the file.
                return Acquisition{.state = Acquisition::State::acquired, .left_by = pid_in(attempt->found)};
            }
            in_the_way = **other;
            attempt->lock.reset();
        }
        if (!in_the_way.is_instance) return bystander(attempt->owner);
        if (wait == LockWait::fail_fast)
            return Acquisition{.state = Acquisition::State::busy, .owner = std::move(in_the_way)};
        standby.wait_for(in_the_way.pid);
    }
}

Result<std::optional<Owner>> PidFileLock::other_instance(os::FileLock& own) const {
    if (other_pid_files_.empty()) return std::optional<Owner>{};
    // An earlier instance may have left its pid there.
    if (const auto emptied = own.write(""); !emptied) return emptied.error();
    const auto other = other_run_directories().give_way(own);
    if (!other) return other.error();
    return *other ? std::optional{to_owner(**other)} : std::nullopt;
}

Result<void> PidFileLock::keep(std::unique_ptr<os::FileLock> lock) {
    if (const auto written = lock->write(std::to_string(process_->id()) + '\n'); !written)
        return written.error().at_stage(ExitCode::cannot_create);
    const std::scoped_lock guard{*mutex_};
    lock_ = std::move(lock);
    return {};
}

Error PidFileLock::bystander(const os::LockOwner& owner) const {
    std::string reason = "locked by " + to_owner(owner).where;
    if (owner.uid) reason += " of user " + std::to_string(*owner.uid);
    reason += ", which is not an instance of it";
    return {.exit_code = ExitCode::permission, .action = "lock", .object = path_, .reason = std::move(reason)};
}

Error PidFileLock::cannot_lock(Error error) const {
    error.action = "lock";
    error.object = path_;
    return error.at_stage(ExitCode::cannot_create);
}

bool PidFileLock::held() const {
    const std::scoped_lock guard{*mutex_};
    return lock_ && lock_->still_at_path();
}

Result<std::optional<Owner>> PidFileLock::owner() { return look(os::Look::thorough); }
Result<std::optional<Owner>> PidFileLock::first_look() { return look(os::Look::first); }

Result<std::optional<Owner>> PidFileLock::look(os::Look look) {
    if (held()) return std::optional{to_owner(os::LockOwner{.pid = process_->id(), .uid = process_->effective_user()})};
    const auto found = file_locks_->owner(path_, look);
    if (!found) return found.error().at_stage(ExitCode::cannot_create);
    if (found->has_value()) return std::optional{to_owner(**found)};
    const auto other = other_run_directories().look(look);
    if (!other) return other.error().at_stage(ExitCode::cannot_create);
    return *other ? std::optional{to_owner(**other)} : std::nullopt;
}

[[gnu::hot]] Object PidFileLock::status_fields() const {
    Object fields;
    fields.append("pid-file", path_);
    return fields;
}

void PidFileLock::release() noexcept {
    const std::scoped_lock guard{*mutex_};
    if (!lock_) return;
    // The lock decides: a pid that cannot be erased does not mislead those who ask the lock.
    static_cast<void>(attempt([this] { static_cast<void>(lock_->write("")); }));
    lock_.reset();
}

}  // namespace servicekit
