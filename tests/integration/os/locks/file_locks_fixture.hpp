#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "integration/os/forked_child.hpp"
#include "integration/os/temporary_directory.hpp"
#include "integration/support/text_file.hpp"
#include "servicekit/os/file_locks.hpp"

namespace servicekit::os::test {

inline std::string held_by(pid_t pid) { return "held by " + std::to_string(pid); }

inline std::string describe(const LockOwner& owner) {
    return held_by(owner.pid) + (owner.is_instance ? "" : ", a bystander");
}

inline std::string describe(const Result<LockAttempt>& attempt) {
    if (!attempt) return attempt.error().message();
    return attempt->lock ? "locked" : describe(attempt->owner);
}

/// A path in a directory of its own, and functions that query its lock and answer in words.
class FileLocksFixture : public testing::Test {
protected:
    std::unique_ptr<FileLock> lock() {
        auto attempt = locks_.try_lock(path_, 0644);
        if (!attempt || !attempt->lock) throw std::runtime_error{describe(attempt)};
        return std::move(attempt->lock);
    }

    /// Returns the outcome of an attempt to lock. The lock is released at once.
    std::string try_lock() { return describe(locks_.try_lock(path_, 0644)); }
    std::string try_lock_elsewhere() {
        return in_another_process([this] { return try_lock(); });
    }

    std::string owner(Look look = Look::thorough) {
        const auto owner = locks_.owner(path_, look);
        if (!owner) return owner.error().message();
        return *owner ? describe(**owner) : "free";
    }
    std::string owner_elsewhere() {
        return in_another_process([this] { return owner(); });
    }

    /// Returns the owner as seen by a user who is neither root nor the service's user. \pre root
    std::string owner_for_stranger() {
        std::filesystem::permissions(directory_.path(), std::filesystem::perms{0755});
        return in_another_process([this] {
            constexpr uid_t stranger = 54321;
            return ::setresuid(stranger, stranger, stranger) == 0 ? owner() : "still root";
        });
    }

    void open_and_close() const { std::ifstream{path_}.get(); }

    /// Starts a process that holds the lock until it receives a line or is killed.
    std::unique_ptr<ForkedChild> holder(const std::function<void(Lines&)>& once_locked = [](Lines&) {}) {
        auto child = std::make_unique<ForkedChild>([&](Lines& parent) {
            const auto held = lock();
            once_locked(parent);
            parent.tell("locked");
            parent.hear();
            return 0;
        });
        return child;
    }

    void write_file(const std::string& text) const { servicekit::test::write_file(path_, text); }
    [[nodiscard]] std::string content() const { return servicekit::test::read_file(path_); }

    TemporaryDirectory directory_;
    std::string path_ = directory_.file("service.pid");
    FileLocks& locks_ = posix_file_locks();
};

}  // namespace servicekit::os::test
