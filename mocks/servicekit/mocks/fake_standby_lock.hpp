#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "servicekit/basic_service.hpp"
#include "servicekit/mocks/fake_os.hpp"
#include "servicekit/policies.hpp"
#include "servicekit/policy/lock_policy.hpp"

namespace servicekit::mocks {

/// The second level of the lock of some services. At most one of them is active; the others stand by in the order in
/// which they joined. When nobody is active, the first of them becomes active, unless the test holds that up.
class FakeContest {
public:
    FakeContest() = default;
    FakeContest(const FakeContest&) = delete;
    FakeContest& operator=(const FakeContest&) = delete;

    /// Nobody becomes active until let_win().
    void hold();
    /// Lets the first that stands by become active, if nobody is.
    void let_win();
    /// The active one loses the lock. It has this time to become inactive. Nothing happens if nobody is active.
    void lose(const Error& why = lease_expired(), std::chrono::milliseconds time = std::chrono::seconds{3});
    /// Sets if an instance on another machine stands by. It never becomes active.
    void set_remote_successor(bool stands_by);
    /// The next contend() fails with this error.
    void fail_next(const Error& why);

    [[nodiscard]] bool has_active() const;
    /// Returns the number of instances that stand by.
    [[nodiscard]] std::size_t waiting() const;
    /// Returns the token of the last activity; 0 if there was none.
    [[nodiscard]] std::uint64_t token() const;
    /// Returns the error that lose() uses by default.
    [[nodiscard]] static Error lease_expired();

private:
    friend class FakeStandbyLock;
    struct Member;

    Result<void> join(const std::shared_ptr<Member>& member);
    void leave(const std::shared_ptr<Member>& member);
    [[nodiscard]] bool has_successor(const Member& member) const;
    void elect();

    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<Member>> members_;  ///< in the order in which they joined
    std::uint64_t token_ = 0;
    bool is_held_ = false;
    bool has_remote_successor_ = false;
    std::optional<Error> next_failure_;
};

/// A lock with two levels: a PidFileLock, and a FakeContest.
class FakeStandbyLock final : public LockPolicy {
public:
    struct Options {
        FakeContest* contest = nullptr;  ///< outlives the lock; null: one of its own, which it wins at once
    };
    FakeStandbyLock() : FakeStandbyLock{Options{}} {}
    explicit FakeStandbyLock(Options options, const os::Host& host = os::posix_host());
    FakeStandbyLock(FakeStandbyLock&&) noexcept = default;
    FakeStandbyLock& operator=(FakeStandbyLock&&) noexcept = default;
    /// Leaves the contest, as the end of a process does.
    ~FakeStandbyLock() override;

    void configure(const Deployment& deployment) override;
    /// What core has passed to configure().
    [[nodiscard]] ClusterPlan plan() const override { return plan_; }
    Result<Acquisition> acquire(LockWait wait, const std::stop_token& stop) override;
    Result<std::optional<Owner>> owner() override;
    /// Those of the PidFileLock, and `active` with `host` and `pid` if an instance is active.
    [[nodiscard]] Object status_fields() const override;
    void release() noexcept override;
    [[nodiscard]] bool has_standby() const override { return true; }
    Result<void> contend(Contender& contender, const std::stop_token& stop) override;
    Result<bool> has_successor() override;
    void stand_down() noexcept override;
    [[nodiscard]] bool is_active() const noexcept override;
    [[nodiscard]] std::optional<std::uint64_t> token() const override;

private:
    PidFileLock local_;
    os::Process* process_;
    std::shared_ptr<FakeContest> own_contest_;
    FakeContest* contest_;
    std::shared_ptr<FakeContest::Member> member_;
    ClusterPlan plan_;
};

/// A service with this lock, and the other policies of Service.
using FakeStandbyService = BasicService<ForkingDaemon, FakeStandbyLock, FileLog, UnixSocketControl>;

/// Makes a service on the fakes whose lock is a FakeStandbyLock of this contest. Your class inherits the constructors
/// of its base.
template <class Service = FakeStandbyService>
[[nodiscard]] std::unique_ptr<Service> fake_standby_service(FakeOs& os, FakeContest& contest, ServiceOptions options,
                                                            EventHooks hooks = {}) {
    auto policies = Service::Policies::on(os.host());
    policies.lock = FakeStandbyLock{{.contest = &contest}, os.host()};
    return std::make_unique<Service>(std::move(options), std::move(hooks), std::move(policies), os.host());
}

}  // namespace servicekit::mocks
