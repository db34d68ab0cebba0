#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/mocks/per_task.hpp"
#include "servicekit/os/users.hpp"

namespace servicekit::mocks {

/// A user database, and the identity of the process. At first both contain only root. Each process of FakeOs::spawn()
/// has its own identity.
class FakeUsers final : public os::Users {
public:
    Result<std::optional<os::User>> find_user(const std::string& name_or_uid) override;
    Result<std::optional<gid_t>> find_group(const std::string& name_or_gid) override;
    [[nodiscard]] bool is_one_user(uid_t uid) const override { return uid != overflow_; }
    void prepare(const os::User& user, gid_t group) override { states_.own().prepared = {user.uid, group}; }
    Result<void> become(const os::User& user, gid_t group, std::span<const gid_t> may_keep = {}) override;

    /// Failures of the functions of os::Users, by their names; the object is the name.
    FakeFailures failures{"find_user", "find_group", "become"};

    void add_user(os::User user) { users_.push_back(std::move(user)); }
    /// Sets the number that represents all users outside the process's user namespace.
    void set_overflow(uid_t uid) noexcept { overflow_ = uid; }
    void add_group(const std::string& name, gid_t gid) { groups_.insert_or_assign(name, gid); }
    /// Sets the identity of the process, without checks.
    void set_current(uid_t uid, gid_t gid) {
        states_.own().uid = uid;
        states_.own().gid = gid;
    }
    [[nodiscard]] uid_t current_user() const { return states_.own().uid; }
    [[nodiscard]] gid_t current_group() const { return states_.own().gid; }
    /// Returns the identity given to prepare(); nothing before that.
    [[nodiscard]] std::optional<std::pair<uid_t, gid_t>> prepared() const { return states_.own().prepared; }
    /// Returns the groups that the last become() let the process keep.
    [[nodiscard]] const std::vector<gid_t>& may_keep() const { return states_.own().may_keep; }
    /// Called after each successful become(), for other fakes that need the identity of the process.
    void on_become(std::function<void(uid_t uid, gid_t gid)> callback) { on_become_ = std::move(callback); }

    /// For FakeOs.
    void forget(FakeTask::Id task) { states_.forget(task); }

private:
    std::vector<os::User> users_{{.name = "root", .uid = 0, .gid = 0, .home = "/root"}};
    std::map<std::string, gid_t> groups_{{"root", 0}};
    struct State {
        uid_t uid = 0;
        gid_t gid = 0;
        std::optional<std::pair<uid_t, gid_t>> prepared = {};
        std::vector<gid_t> may_keep = {};
    };
    std::optional<uid_t> overflow_;
    PerTask<State> states_;
    std::function<void(uid_t uid, gid_t gid)> on_become_;
};

}  // namespace servicekit::mocks
