#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>

#include "servicekit/contract_tests/reserved_fields.hpp"
#include "servicekit/policy/lock_policy.hpp"

/// Tests what core relies on in every lock policy. To run the tests on your own lock policy, describe how it is set up,
/// and instantiate the suite:
/// \code
/// struct MyLockRig {
///     using Policy = MyLock;
///     /// False for a policy that does not exclude other instances.
///     static constexpr bool excludes = true;
///     /// Makes the following calls as this instance, a process of its own: 1, 2...
///     void act_as(int instance);
///     /// For the acting instance; all instances contend for the same lock.
///     MyLock make_policy();
///     /// For all instances. The tests of the second level give each instance a pidfile of its own.
///     servicekit::Deployment deployment();
///     /// Only for a lock with a second level: lets as much time pass as a hand-over to an instance that stands by takes.
///     void pass_time();
/// };
/// namespace servicekit::contract_tests {
/// INSTANTIATE_TYPED_TEST_SUITE_P(MyLock, LockContract, MyLockRig);
/// }
/// \endcode
namespace servicekit::contract_tests {

/// Counts the calls of a lock.
class CountingContender final : public Contender {
public:
    void won() override { ++wins_; }
    void lost(const Error& /*why*/, std::chrono::milliseconds /*time*/) override { ++losses_; }
    void report(LogLevel /*level*/, const std::string& /*text*/) override { ++reports_; }

    [[nodiscard]] int wins() const { return wins_; }
    /// Returns the number of all calls.
    [[nodiscard]] int calls() const { return wins_ + losses_ + reports_; }

private:
    std::atomic<int> wins_{0};
    std::atomic<int> losses_{0};
    std::atomic<int> reports_{0};
};

template <class Rig>
class LockContract : public ::testing::Test {
protected:
    using Policy = typename Rig::Policy;
    static_assert(std::is_base_of_v<LockPolicy, Policy>, "a lock policy derives from servicekit::LockPolicy");
    using State = Acquisition::State;

    /// Makes another instance, which acts from now on.
    std::unique_ptr<Policy> make_instance() {
        rig.act_as(++instances_);
        auto lock = std::make_unique<Policy>(rig.make_policy());
        lock->configure(rig.deployment());
        return lock;
    }
    /// Makes another instance, as on a machine of its own: its first level is free, and it has acquired it.
    std::unique_ptr<Policy> make_contender() {
        rig.act_as(++instances_);
        auto lock = std::make_unique<Policy>(rig.make_policy());
        Deployment deployment = rig.deployment();
        deployment.pid_file += '.' + std::to_string(instances_);
        deployment.other_pid_files.clear();
        lock->configure(deployment);
        EXPECT_EQ(acquire(*lock), State::acquired);
        return lock;
    }
    static void contend(Policy& lock, Contender& contender) {
        const auto joined = lock.contend(contender, std::stop_token{});
        EXPECT_TRUE(joined) << joined.error().message();
    }
    void pass_time() {
        if constexpr (requires { rig.pass_time(); }) rig.pass_time();
    }
    static State acquire(Policy& lock) {
        auto acquired = lock.acquire(LockWait::fail_fast, std::stop_token{});
        EXPECT_TRUE(acquired) << acquired.error().message();
        return acquired ? acquired->state : State::cancelled;
    }
    /// Checks the owner as any process sees it. A policy that locks nothing has none.
    static void expect_held(Policy& lock, bool held) {
        EXPECT_EQ(lock.owner().value().has_value(), held && Rig::excludes);
    }

    Rig rig;

private:
    int instances_ = 0;
};

TYPED_TEST_SUITE_P(LockContract);

TYPED_TEST_P(LockContract, IsNotHeldBeforeItIsAcquired) {
    const auto lock = this->make_instance();
    this->expect_held(*lock, false);
}

TYPED_TEST_P(LockContract, IsHeldFromAcquireToRelease) {
    const auto lock = this->make_instance();
    EXPECT_EQ(this->acquire(*lock), TestFixture::State::acquired);
    this->expect_held(*lock, true);
    lock->release();
    this->expect_held(*lock, false);
}

TYPED_TEST_P(LockContract, IsReleasedAnyNumberOfTimes) {
    const auto lock = this->make_instance();
    lock->release();
    EXPECT_EQ(this->acquire(*lock), TestFixture::State::acquired);
    lock->release();
    lock->release();
    this->expect_held(*lock, false);
}

TYPED_TEST_P(LockContract, IsAcquiredAgainOnceReleased) {
    const auto lock = this->make_instance();
    EXPECT_EQ(this->acquire(*lock), TestFixture::State::acquired);
    lock->release();
    EXPECT_EQ(this->acquire(*lock), TestFixture::State::acquired);
    this->expect_held(*lock, true);
}

TYPED_TEST_P(LockContract, IsLeftByNobodyOnceReleased) {
    const auto lock = this->make_instance();
    for (int times = 0; times < 2; ++times) {
        const auto attempt = lock->acquire(LockWait::fail_fast, std::stop_token{});
        ASSERT_TRUE(attempt) << attempt.error().message();
        EXPECT_EQ(attempt->left_by, std::nullopt);
        lock->release();
    }
}

TYPED_TEST_P(LockContract, ASecondInstanceIsToldWhoHasIt) {
    if constexpr (!TypeParam::excludes) return;
    const auto first = this->make_instance();
    EXPECT_EQ(this->acquire(*first), TestFixture::State::acquired);

    const auto second = this->make_instance();
    const auto attempt = second->acquire(LockWait::fail_fast, std::stop_token{});
    ASSERT_TRUE(attempt) << attempt.error().message();
    EXPECT_EQ(attempt->state, TestFixture::State::busy);
    EXPECT_TRUE(attempt->owner.is_instance);
    EXPECT_NE(attempt->owner.where, "");

    second->release();
    this->expect_held(*second, true);
}

TYPED_TEST_P(LockContract, ASecondInstanceGetsInWhenTheFirstLetsGo) {
    const auto first = this->make_instance();
    EXPECT_EQ(this->acquire(*first), TestFixture::State::acquired);
    first->release();

    const auto second = this->make_instance();
    EXPECT_EQ(this->acquire(*second), TestFixture::State::acquired);
}

TYPED_TEST_P(LockContract, TheOwnerIsToldToWhoeverAsks) {
    if constexpr (!TypeParam::excludes) return;
    const auto first = this->make_instance();
    EXPECT_EQ(this->acquire(*first), TestFixture::State::acquired);
    const auto own = first->owner().value();
    ASSERT_TRUE(own);

    const auto asker = this->make_instance();
    const auto seen = asker->owner().value();
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->where, own->where);
    EXPECT_EQ(seen->pid, own->pid);
}

TYPED_TEST_P(LockContract, AskingForTheOwnerNeverTakesTheLock) {
    const auto asker = this->make_instance();
    EXPECT_EQ(asker->owner().value(), std::nullopt);
    EXPECT_EQ(asker->first_look().value(), std::nullopt);

    const auto other = this->make_instance();
    EXPECT_EQ(this->acquire(*other), TestFixture::State::acquired);
}

TYPED_TEST_P(LockContract, AStandbyThatIsToldToStopGetsNothing) {
    if constexpr (!TypeParam::excludes) return;
    const auto first = this->make_instance();
    EXPECT_EQ(this->acquire(*first), TestFixture::State::acquired);

    const auto standby = this->make_instance();
    std::stop_source stop;
    stop.request_stop();
    const auto attempt = standby->acquire(LockWait::wait, stop.get_token());
    ASSERT_TRUE(attempt) << attempt.error().message();
    EXPECT_EQ(attempt->state, TestFixture::State::cancelled);
}

TYPED_TEST_P(LockContract, AStandbyGetsAFreeLockAtOnce) {
    const auto lock = this->make_instance();
    const auto attempt = lock->acquire(LockWait::wait, std::stop_token{});
    ASSERT_TRUE(attempt) << attempt.error().message();
    EXPECT_EQ(attempt->state, TestFixture::State::acquired);
    this->expect_held(*lock, true);
}

TYPED_TEST_P(LockContract, ItsTokenGrowsWithEachAcquisitionWhereItHasOne) {
    const auto first = this->make_instance();
    EXPECT_EQ(this->acquire(*first), TestFixture::State::acquired);
    const auto earlier = first->token();
    first->release();

    const auto second = this->make_instance();
    EXPECT_EQ(this->acquire(*second), TestFixture::State::acquired);
    const auto later = second->token();
    EXPECT_EQ(earlier.has_value(), later.has_value());
    if (earlier && later) {
        EXPECT_GT(*later, *earlier);
    }
}

TYPED_TEST_P(LockContract, ItsStatusFieldsLeaveThoseOfTheServiceAlone) {
    const auto lock = this->make_instance();
    EXPECT_EQ(this->acquire(*lock), TestFixture::State::acquired);
    for (const auto& [name, value] : lock->status_fields()) EXPECT_FALSE(is_reserved_field(name)) << name;
}

TYPED_TEST_P(LockContract, ItsFixedStatusFieldsDoNotChange) {
    const auto lock = this->make_instance();
    EXPECT_EQ(this->acquire(*lock), TestFixture::State::acquired);
    const Object fields = lock->status_fields();
    lock->release();
    EXPECT_TRUE(!lock->has_fixed_status() || lock->status_fields() == fields);
}

TYPED_TEST_P(LockContract, MayBeMovedBeforeItIsAcquired) {
    const auto source = this->make_instance();
    typename TestFixture::Policy lock{std::move(*source)};
    EXPECT_EQ(this->acquire(lock), TestFixture::State::acquired);
    this->expect_held(lock, true);
}

// The second level. A lock with one level has the default, by which contend() wins at once.

TYPED_TEST_P(LockContract, ALockWithOneLevelWinsWithinContend) {
    CountingContender contender;
    const auto lock = this->make_contender();
    if (lock->has_standby()) return;
    this->contend(*lock, contender);
    EXPECT_EQ(contender.wins(), 1);
    EXPECT_TRUE(lock->is_active());
    EXPECT_FALSE(lock->has_successor().value());
    lock->stand_down();
    EXPECT_EQ(contender.calls(), 1);
}

TYPED_TEST_P(LockContract, OneOfTwoContendersIsActiveAndTheOtherStandsBy) {
    CountingContender contenders[2];
    const auto first = this->make_contender();
    const auto second = this->make_contender();
    if (!first->has_standby()) return;
    EXPECT_FALSE(first->is_active());
    EXPECT_EQ(first->token(), std::nullopt);
    this->contend(*first, contenders[0]);
    this->pass_time();
    this->contend(*second, contenders[1]);
    this->pass_time();
    EXPECT_EQ(contenders[0].wins(), 1);
    EXPECT_EQ(contenders[1].wins(), 0);
    EXPECT_TRUE(first->is_active());
    EXPECT_FALSE(second->is_active());
    EXPECT_NE(first->token(), std::nullopt);
    EXPECT_EQ(second->token(), std::nullopt);
    EXPECT_TRUE(first->has_successor().value());
}

TYPED_TEST_P(LockContract, AnInstanceThatStandsDownHandsOverWithAGreaterToken) {
    CountingContender contenders[2];
    const auto first = this->make_contender();
    const auto second = this->make_contender();
    if (!first->has_standby()) return;
    this->contend(*first, contenders[0]);
    this->pass_time();
    this->contend(*second, contenders[1]);
    this->pass_time();
    const auto earlier = first->token();
    first->stand_down();
    EXPECT_FALSE(first->is_active());
    EXPECT_EQ(first->token(), std::nullopt);
    this->pass_time();
    EXPECT_EQ(contenders[1].wins(), 1);
    EXPECT_TRUE(second->is_active());
    const auto later = second->token();
    ASSERT_TRUE(earlier && later);
    EXPECT_GT(*later, *earlier);

    this->contend(*first, contenders[0]);
    this->pass_time();
    EXPECT_FALSE(first->is_active());
    second->stand_down();
    this->pass_time();
    EXPECT_EQ(contenders[0].wins(), 2);
    EXPECT_GT(first->token(), later);
}

TYPED_TEST_P(LockContract, AReleaseAloneHandsOverNothing) {
    CountingContender contenders[2];
    const auto first = this->make_contender();
    const auto second = this->make_contender();
    if (!first->has_standby()) return;
    this->contend(*first, contenders[0]);
    this->pass_time();
    this->contend(*second, contenders[1]);
    first->release();
    this->pass_time();
    EXPECT_EQ(contenders[1].wins(), 0);
    EXPECT_FALSE(second->is_active());
}

TYPED_TEST_P(LockContract, NothingIsHeardAfterStandingDown) {
    CountingContender contenders[2];
    const auto first = this->make_contender();
    const auto second = this->make_contender();
    this->contend(*first, contenders[0]);
    this->pass_time();
    if (first->has_standby()) this->contend(*second, contenders[1]);
    first->stand_down();
    second->stand_down();
    const int calls[]{contenders[0].calls(), contenders[1].calls()};
    this->pass_time();
    EXPECT_EQ(contenders[0].calls(), calls[0]);
    EXPECT_EQ(contenders[1].calls(), calls[1]);
    EXPECT_EQ(contenders[0].wins(), 1);
}

REGISTER_TYPED_TEST_SUITE_P(LockContract, IsNotHeldBeforeItIsAcquired, IsHeldFromAcquireToRelease,
                            IsReleasedAnyNumberOfTimes, IsAcquiredAgainOnceReleased, IsLeftByNobodyOnceReleased,
                            ASecondInstanceIsToldWhoHasIt, ASecondInstanceGetsInWhenTheFirstLetsGo,
                            TheOwnerIsToldToWhoeverAsks, AskingForTheOwnerNeverTakesTheLock,
                            AStandbyThatIsToldToStopGetsNothing, AStandbyGetsAFreeLockAtOnce,
                            ItsTokenGrowsWithEachAcquisitionWhereItHasOne, ItsStatusFieldsLeaveThoseOfTheServiceAlone,
                            ItsFixedStatusFieldsDoNotChange, MayBeMovedBeforeItIsAcquired,
                            ALockWithOneLevelWinsWithinContend, OneOfTwoContendersIsActiveAndTheOtherStandsBy,
                            AnInstanceThatStandsDownHandsOverWithAGreaterToken, AReleaseAloneHandsOverNothing,
                            NothingIsHeardAfterStandingDown);

}  // namespace servicekit::contract_tests
