#include "servicekit/mocks/fake_standby_lock.hpp"

#include <algorithm>
#include <atomic>

#include "servicekit/os/host.hpp"
#include "servicekit/os/process.hpp"

namespace servicekit::mocks {

struct FakeContest::Member {
    pid_t pid = 0;
    Contender* contender = nullptr;  ///< null if it has not joined
    std::atomic<bool> is_active{false};
    std::atomic<bool> is_lost{false};
    std::atomic<std::uint64_t> token{0};
};

Error FakeContest::lease_expired() { return Error{ExitCode::os, "renew the lease", "", "it has expired"}; }

void FakeContest::hold() {
    const std::lock_guard guard{mutex_};
    is_held_ = true;
}

void FakeContest::let_win() {
    {
        const std::lock_guard guard{mutex_};
        is_held_ = false;
    }
    elect();
}

void FakeContest::elect() {
    std::shared_ptr<Member> first;
    {
        const std::lock_guard guard{mutex_};
        if (is_held_ || members_.empty()) return;
        if (std::any_of(members_.begin(), members_.end(), [](const auto& member) { return member->is_active.load(); }))
            return;
        first = members_.front();
        first->is_active = true;
        first->token = ++token_;
    }
    first->contender->won();
}

void FakeContest::lose(const Error& why, std::chrono::milliseconds time) {
    std::shared_ptr<Member> active;
    {
        const std::lock_guard guard{mutex_};
        for (const auto& member : members_)
            if (member->is_active) active = member;
        if (!active) return;
        active->is_lost = true;
    }
    active->contender->lost(why, time);
}

void FakeContest::set_remote_successor(bool stands_by) {
    const std::lock_guard guard{mutex_};
    has_remote_successor_ = stands_by;
}

void FakeContest::fail_next(const Error& why) {
    const std::lock_guard guard{mutex_};
    next_failure_ = why;
}

bool FakeContest::has_active() const {
    const std::lock_guard guard{mutex_};
    return std::any_of(members_.begin(), members_.end(), [](const auto& member) { return member->is_active.load(); });
}

std::size_t FakeContest::waiting() const {
    const std::lock_guard guard{mutex_};
    return static_cast<std::size_t>(
        std::count_if(members_.begin(), members_.end(), [](const auto& member) { return !member->is_active; }));
}

std::uint64_t FakeContest::token() const {
    const std::lock_guard guard{mutex_};
    return token_;
}

Result<void> FakeContest::join(const std::shared_ptr<Member>& member) {
    {
        const std::lock_guard guard{mutex_};
        if (auto failure = std::exchange(next_failure_, std::nullopt)) return *failure;
        members_.push_back(member);
    }
    elect();
    return {};
}

void FakeContest::leave(const std::shared_ptr<Member>& member) {
    {
        const std::lock_guard guard{mutex_};
        if (std::erase(members_, member) == 0) return;
        member->is_active = false;
        member->is_lost = false;
        member->contender = nullptr;
    }
    elect();
}

bool FakeContest::has_successor(const Member& member) const {
    const std::lock_guard guard{mutex_};
    return has_remote_successor_ || std::any_of(members_.begin(), members_.end(), [&member](const auto& other) {
               return other.get() != &member && !other->is_active;
           });
}

FakeStandbyLock::FakeStandbyLock(Options options, const os::Host& host)
    : local_{{}, host},
      process_{host.process},
      own_contest_{options.contest == nullptr ? std::make_shared<FakeContest>() : nullptr},
      contest_{options.contest == nullptr ? own_contest_.get() : options.contest},
      member_{std::make_shared<FakeContest::Member>()} {}

FakeStandbyLock::~FakeStandbyLock() {
    if (member_) contest_->leave(member_);
}

void FakeStandbyLock::configure(const Deployment& deployment) {
    local_.configure(deployment);
    plan_ = deployment.cluster_plan;
}

Result<Acquisition> FakeStandbyLock::acquire(LockWait wait, const std::stop_token& stop) {
    return local_.acquire(wait, stop);
}

Result<std::optional<Owner>> FakeStandbyLock::owner() { return local_.owner(); }

Object FakeStandbyLock::status_fields() const {
    Object fields = local_.status_fields();
    const std::lock_guard guard{contest_->mutex_};
    for (const auto& member : contest_->members_)
        if (member->is_active) fields.append("active", Object{{"host", "fake"}, {"pid", member->pid}});
    return fields;
}

void FakeStandbyLock::release() noexcept {
    local_.release();
    // Handlers of the active instance may still run. It stays active until the process ends.
    if (!member_->is_active) contest_->leave(member_);
}

Result<void> FakeStandbyLock::contend(Contender& contender, const std::stop_token& /*stop*/) {
    member_->pid = process_->id();
    member_->contender = &contender;
    return contest_->join(member_);
}

Result<bool> FakeStandbyLock::has_successor() { return contest_->has_successor(*member_); }

void FakeStandbyLock::stand_down() noexcept { contest_->leave(member_); }

bool FakeStandbyLock::is_active() const noexcept { return member_->is_active && !member_->is_lost; }

std::optional<std::uint64_t> FakeStandbyLock::token() const {
    return is_active() ? std::optional{member_->token.load()} : std::nullopt;
}

}  // namespace servicekit::mocks
