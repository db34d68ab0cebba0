#pragma once

#include <sys/types.h>

#include <deque>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/mocks/process_exited.hpp"
#include "servicekit/os/process.hpp"

namespace servicekit::mocks {

/// A process that remembers what it did to itself. At first it is 4711, of root, with one thread, and leads its
/// process group, as a program does that a shell started.
class FakeProcess final : public os::Process {
public:
    /// Which of the two processes the test goes on in.
    enum class Side { parent, child };

    [[nodiscard]] pid_t id() const override { return id_; }
    [[nodiscard]] uid_t effective_user() const override { return user_; }
    [[nodiscard]] unsigned thread_count() const override { return threads_; }
    Result<pid_t> fork() override;
    Result<int> wait_for_child(pid_t child) override;
    Result<void> start_session() override;
    Result<void> change_directory(const std::string& path) override;
    [[nodiscard]] Result<std::string> current_directory() const override;
    /// /usr/bin/service
    [[nodiscard]] Result<std::string> program() const override { return std::string{"/usr/bin/service"}; }
    mode_t set_file_mask(mode_t mask) override;
    Result<void> close_other_descriptors(std::span<const int> keep) override;
    /// Throws ProcessExited.
    [[noreturn]] void exit_now(int status) override;

    /// By the names of the functions of os::Process.
    FakeFailures failures{"fork", "wait_for_child", "start_session", "change_directory", "close_other_descriptors"};

    /// Which sides of the next forks to follow, in their order; of all further ones it is the child's.
    void follow(std::deque<Side> sides) { sides_ = std::move(sides); }
    void set_id(pid_t id) noexcept { id_ = group_ = id; }
    void set_effective_user(uid_t user) noexcept { user_ = user; }
    void set_thread_count(unsigned count) noexcept { threads_ = count; }
    void set_directory(std::string path) { directory_ = std::move(path); }
    /// As waitpid(2) will give it; 0 unless set.
    void set_child_status(int status) noexcept { child_status_ = status; }

    /// How many forks there were.
    [[nodiscard]] unsigned forks() const noexcept { return forks_; }
    /// Forked where the parent's side was followed, and not yet waited for.
    [[nodiscard]] const std::set<pid_t>& children() const noexcept { return children_; }
    [[nodiscard]] pid_t session() const noexcept { return session_; }
    [[nodiscard]] bool leads_session() const noexcept { return session_ == id_; }
    [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
    [[nodiscard]] mode_t file_mask() const noexcept { return mask_; }
    /// What close_other_descriptors() was told to keep; nothing where it was not called.
    [[nodiscard]] const std::optional<std::vector<int>>& kept_descriptors() const noexcept { return kept_; }
    [[nodiscard]] std::optional<int> exit_status() const noexcept { return exit_status_; }

private:
    pid_t id_ = 4711;
    pid_t group_ = 4711;
    pid_t session_ = 4000;  // the shell's
    pid_t next_child_ = 4712;
    uid_t user_ = 0;
    unsigned threads_ = 1;
    unsigned forks_ = 0;
    std::deque<Side> sides_;
    std::set<pid_t> children_;
    int child_status_ = 0;
    std::string directory_ = "/";
    mode_t mask_ = 022;
    std::optional<std::vector<int>> kept_;
    std::optional<int> exit_status_;
};

}  // namespace servicekit::mocks
