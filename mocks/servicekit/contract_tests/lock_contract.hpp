#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stop_token>
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
///     /// For all instances.
///     servicekit::Deployment deployment();
/// };
/// namespace servicekit::contract_tests {
/// INSTANTIATE_TYPED_TEST_SUITE_P(MyLock, LockContract, MyLockRig);
/// }
/// \endcode
namespace servicekit::contract_tests {

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

TYPED_TEST_P(LockContract, ReleasingIsNoLoss) {
    const auto lock = this->make_instance();
    bool was_lost = false;
    lock->on_lost([&was_lost](const Error&) { was_lost = true; });
    EXPECT_EQ(this->acquire(*lock), TestFixture::State::acquired);
    lock->release();
    EXPECT_FALSE(was_lost);
}

TYPED_TEST_P(LockContract, ItsStatusFieldsLeaveThoseOfTheServiceAlone) {
    const auto lock = this->make_instance();
    EXPECT_EQ(this->acquire(*lock), TestFixture::State::acquired);
    for (const auto& [name, value] : lock->status_fields()) EXPECT_FALSE(is_reserved_field(name)) << name;
}

TYPED_TEST_P(LockContract, MayBeMovedBeforeItIsAcquired) {
    const auto source = this->make_instance();
    typename TestFixture::Policy lock{std::move(*source)};
    EXPECT_EQ(this->acquire(lock), TestFixture::State::acquired);
    this->expect_held(lock, true);
}

REGISTER_TYPED_TEST_SUITE_P(LockContract, IsNotHeldBeforeItIsAcquired, IsHeldFromAcquireToRelease,
                            IsReleasedAnyNumberOfTimes, IsAcquiredAgainOnceReleased, IsLeftByNobodyOnceReleased,
                            ASecondInstanceIsToldWhoHasIt, ASecondInstanceGetsInWhenTheFirstLetsGo,
                            TheOwnerIsToldToWhoeverAsks, AskingForTheOwnerNeverTakesTheLock,
                            AStandbyThatIsToldToStopGetsNothing, AStandbyGetsAFreeLockAtOnce,
                            ItsTokenGrowsWithEachAcquisitionWhereItHasOne, ReleasingIsNoLoss,
                            ItsStatusFieldsLeaveThoseOfTheServiceAlone, MayBeMovedBeforeItIsAcquired);

}  // namespace servicekit::contract_tests
