#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <type_traits>
#include <utility>

#include "servicekit/policy/daemon_policy.hpp"

/// Tests what core relies on in every daemon policy. To run the tests on your own daemon policy, describe how it is set
/// up, and instantiate the suite:
/// \code
/// struct MyDaemonRig {
///     using Policy = MyDaemon;
///     /// If the policy forks, each fork(2) continues as the child.
///     MyDaemon make_policy();
///     servicekit::Deployment deployment();
/// };
/// namespace servicekit::contract_tests {
/// INSTANTIATE_TYPED_TEST_SUITE_P(MyDaemon, DaemonContract, MyDaemonRig);
/// }
/// \endcode
namespace servicekit::contract_tests {

template <class Rig>
class DaemonContract : public ::testing::Test {
protected:
    using Policy = typename Rig::Policy;
    static_assert(std::is_base_of_v<DaemonPolicy, Policy>, "a daemon policy derives from servicekit::DaemonPolicy");

    enum class Place { foreground, background };

    std::unique_ptr<Policy> make_daemon(Place place) {
        auto daemon = std::make_unique<Policy>(rig.make_policy());
        Deployment deployment = rig.deployment();
        deployment.background = place == Place::background && daemon->has_background();
        daemon->configure(deployment);
        return daemon;
    }
    static void expect_service(Policy& daemon) {
        const auto role = daemon.enter();
        ASSERT_TRUE(role) << role.error().message();
        EXPECT_EQ(*role, Role::service);
    }
    static Error error() { return {ExitCode::internal, "start", "", "the database is away"}; }
    /// Makes every notification of core, in the order of a service's life.
    static void tell_everything(Policy& daemon) {
        daemon.logs_to({"/var/log/service.log"});
        daemon.crashed("crashed by SIGSEGV, and lives on");
        daemon.status("warming up");
        daemon.extend(std::chrono::seconds{25});
        daemon.ready();
        static_cast<void>(daemon.alive_interval());
        daemon.alive();
        daemon.reloading();
        daemon.ready();
        daemon.status("");
        daemon.alive();
        daemon.stopping();
        daemon.failed(error());
        daemon.crashed("crashed by SIGSEGV");
    }

    Rig rig;
};

TYPED_TEST_SUITE_P(DaemonContract);

TYPED_TEST_P(DaemonContract, InTheForegroundTheServiceIsWhatEntered) {
    const auto daemon = this->make_daemon(TestFixture::Place::foreground);
    this->expect_service(*daemon);
}

TYPED_TEST_P(DaemonContract, InTheBackgroundTheServiceGoesOnAsTheService) {
    const auto daemon = this->make_daemon(TestFixture::Place::background);
    this->expect_service(*daemon);
}

TYPED_TEST_P(DaemonContract, IsToldAboutAWholeLifeInTheForeground) {
    const auto daemon = this->make_daemon(TestFixture::Place::foreground);
    this->expect_service(*daemon);
    EXPECT_NO_THROW(this->tell_everything(*daemon));
}

TYPED_TEST_P(DaemonContract, IsToldAboutAWholeLifeInTheBackground) {
    const auto daemon = this->make_daemon(TestFixture::Place::background);
    this->expect_service(*daemon);
    EXPECT_NO_THROW(this->tell_everything(*daemon));
}

TYPED_TEST_P(DaemonContract, RunsTheHandlersOnceAndReturnsWhenTheyAreDone) {
    const auto daemon = this->make_daemon(TestFixture::Place::background);
    this->expect_service(*daemon);
    int runs = 0;
    const auto carried = daemon->run_service([&] {
        ++runs;
        this->tell_everything(*daemon);
    });
    EXPECT_TRUE(carried) << carried.error().message();
    EXPECT_EQ(runs, 1);
}

TYPED_TEST_P(DaemonContract, ReadinessMayBeToldTwice) {
    const auto daemon = this->make_daemon(TestFixture::Place::background);
    this->expect_service(*daemon);
    EXPECT_NO_THROW({
        daemon->ready();
        daemon->ready();
    });
}

TYPED_TEST_P(DaemonContract, FailureMayBeToldInPlaceOfReadiness) {
    const auto daemon = this->make_daemon(TestFixture::Place::background);
    this->expect_service(*daemon);
    EXPECT_NO_THROW({
        daemon->failed(this->error());
        daemon->failed(this->error());
    });
}

TYPED_TEST_P(DaemonContract, WhetherItHasABackgroundDoesNotChange) {
    const auto daemon = this->make_daemon(TestFixture::Place::foreground);
    const bool before = daemon->has_background();
    this->expect_service(*daemon);
    EXPECT_EQ(daemon->has_background(), before);
}

TYPED_TEST_P(DaemonContract, MayBeMovedBeforeItIsConfigured) {
    typename TestFixture::Policy source{this->rig.make_policy()};
    typename TestFixture::Policy daemon{std::move(source)};
    Deployment deployment = this->rig.deployment();
    deployment.background = daemon.has_background();
    daemon.configure(deployment);
    this->expect_service(daemon);
}

REGISTER_TYPED_TEST_SUITE_P(DaemonContract, InTheForegroundTheServiceIsWhatEntered,
                            InTheBackgroundTheServiceGoesOnAsTheService, IsToldAboutAWholeLifeInTheForeground,
                            IsToldAboutAWholeLifeInTheBackground, RunsTheHandlersOnceAndReturnsWhenTheyAreDone,
                            ReadinessMayBeToldTwice, FailureMayBeToldInPlaceOfReadiness,
                            WhetherItHasABackgroundDoesNotChange, MayBeMovedBeforeItIsConfigured);

}  // namespace servicekit::contract_tests
