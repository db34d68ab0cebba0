#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "servicekit/policy/log_policy.hpp"

/// Tests what core relies on in every log policy. To run the tests on your own log policy, describe how it is set up,
/// and instantiate the suite:
/// \code
/// struct MyLogRig {
///     using Policy = MyLog;
///     /// False for a policy that discards its lines.
///     static constexpr bool delivers = true;
///     /// Whether several threads may use the rig's destination at once.
///     static constexpr bool takes_threads = true;
///     MyLog make_policy();
///     servicekit::Deployment deployment();
///     /// Everything delivered so far.
///     std::string delivered();
/// };
/// namespace servicekit::contract_tests {
/// INSTANTIATE_TYPED_TEST_SUITE_P(MyLog, LogContract, MyLogRig);
/// }
/// \endcode
namespace servicekit::contract_tests {

template <class Rig>
class LogContract : public ::testing::Test {
protected:
    using Policy = typename Rig::Policy;
    static_assert(std::is_base_of_v<LogPolicy, Policy>, "a log policy derives from servicekit::LogPolicy");

    std::unique_ptr<Policy> make_log() {
        auto log = std::make_unique<Policy>(rig.make_policy());
        log->configure(rig.deployment());
        return log;
    }
    std::unique_ptr<Policy> make_open_log() {
        auto log = make_log();
        expect_success(log->open());
        return log;
    }
    static void write(Policy& log, std::string_view message, LogLevel level = LogLevel::info) {
        log.write({.time = std::chrono::system_clock::time_point{std::chrono::seconds{1'800'000'000}},
                   .level = level,
                   .message = message});
    }
    static void close(Policy& log) { log.close(std::chrono::seconds{10}); }
    static void expect_success(const Result<void>& result) { EXPECT_TRUE(result) << result.error().message(); }
    [[nodiscard]] bool has(std::string_view text) { return rig.delivered().find(text) != std::string::npos; }
    /// Checks that the text was delivered, if the policy delivers at all.
    void expect_delivered(std::string_view text) {
        EXPECT_EQ(has(text), Rig::delivers) << "'" << text << "' in '" << rig.delivered() << "'";
    }

    Rig rig;
};

TYPED_TEST_SUITE_P(LogContract);

TYPED_TEST_P(LogContract, EverythingAcceptedIsDeliveredOnceItIsClosed) {
    const auto log = this->make_open_log();
    this->write(*log, "of life and death", LogLevel::warning);
    this->close(*log);
    this->expect_delivered("of life and death");
}

TYPED_TEST_P(LogContract, KeepsTheOrder) {
    const auto log = this->make_open_log();
    this->write(*log, "alpha");
    this->write(*log, "omega");
    this->close(*log);
    if constexpr (TypeParam::delivers) {
        EXPECT_LT(this->rig.delivered().find("alpha"), this->rig.delivered().find("omega"));
    }
}

TYPED_TEST_P(LogContract, OneRecordIsOneLine) {
    const auto log = this->make_open_log();
    const auto lines = [this] {
        const std::string all = this->rig.delivered();
        return std::count(all.begin(), all.end(), '\n');
    };
    const auto before = lines();
    this->write(*log, "three\nlines\rare one\n");
    this->close(*log);
    EXPECT_EQ(lines() - before, TypeParam::delivers ? 1 : 0);
}

TYPED_TEST_P(LogContract, TakesWhateverBytesThereAre) {
    const auto log = this->make_open_log();
    const std::string zeros(3, '\0');
    this->write(*log, "begin " + zeros + "\xFF\xFE\xC3 end");
    this->write(*log, "");
    this->write(*log, std::string(100'000, 'x'));
    this->write(*log, "after all that");
    this->close(*log);
    this->expect_delivered("after all that");
}

TYPED_TEST_P(LogContract, DropsWhatIsBelowItsLevel) {
    const auto log = this->make_open_log();
    log->set_level(LogLevel::warning);
    this->write(*log, "a whisper", LogLevel::info);
    this->write(*log, "a cry", LogLevel::error);
    log->set_level(LogLevel::debug);
    this->write(*log, "an aside", LogLevel::debug);
    this->close(*log);
    EXPECT_FALSE(this->has("a whisper"));
    this->expect_delivered("a cry");
    this->expect_delivered("an aside");
}

TYPED_TEST_P(LogContract, GoesOnAfterItWasReopened) {
    const auto log = this->make_open_log();
    this->write(*log, "before");
    this->expect_success(log->reopen());
    this->write(*log, "after");
    this->close(*log);
    this->expect_delivered("before");
    this->expect_delivered("after");
}

TYPED_TEST_P(LogContract, IsSafeToUseBeforeItIsOpenAndAfterItIsClosed) {
    const auto log = this->make_log();
    this->write(*log, "too early");
    log->set_level(LogLevel::info);
    this->expect_success(log->open());
    this->write(*log, "in time");
    this->close(*log);
    this->write(*log, "too late");
    this->expect_delivered("in time");
    EXPECT_FALSE(this->has("too late"));
}

TYPED_TEST_P(LogContract, IsClosedAnyNumberOfTimes) {
    const auto log = this->make_log();
    this->close(*log);
    this->expect_success(log->open());
    this->close(*log);
    this->close(*log);
}

TYPED_TEST_P(LogContract, MayBeMovedBeforeItIsOpened) {
    auto source = this->make_log();
    typename TestFixture::Policy log{std::move(*source)};
    this->expect_success(log.open());
    this->write(log, "from its new place");
    this->close(log);
    this->expect_delivered("from its new place");
}

TYPED_TEST_P(LogContract, IsWrittenByManyThreadsAtOnce) {
    if constexpr (!TypeParam::takes_threads) return;
    constexpr int writers = 4;
    constexpr int lines_each = 200;
    const auto log = this->make_open_log();
    std::vector<std::thread> threads;
    for (int writer = 0; writer < writers; ++writer) {
        threads.emplace_back([&log, writer] {
            for (int line = 0; line < lines_each; ++line)
                TestFixture::write(*log, "<" + std::to_string(writer) + ":" + std::to_string(line) + ">");
        });
    }
    for (std::thread& thread : threads) thread.join();
    this->close(*log);
    const std::string delivered = this->rig.delivered();
    int missing = 0;
    for (int writer = 0; writer < writers; ++writer)
        for (int line = 0; line < lines_each; ++line)
            if (delivered.find("<" + std::to_string(writer) + ":" + std::to_string(line) + ">") == std::string::npos)
                ++missing;
    EXPECT_EQ(missing, TypeParam::delivers ? 0 : writers * lines_each);
}

TYPED_TEST_P(LogContract, CrashLinesComeAfterWhatWasAccepted) {
    using Policy = typename TestFixture::Policy;
    constexpr bool has_crash_lines =
        !std::is_same_v<decltype(&Policy::write_at_crash), decltype(&LogPolicy::write_at_crash)>;
    if constexpr (has_crash_lines) {
        const auto log = this->make_open_log();
        this->write(*log, "accepted");
        const LogRecord crash{.time = {}, .level = LogLevel::fatal, .message = "crash lines"};
        log->write_at_crash({&crash, 1});
        log->write_at_crash({});
        this->close(*log);
        this->expect_delivered("accepted");
        this->expect_delivered("crash lines");
        EXPECT_LE(this->rig.delivered().find("accepted"), this->rig.delivered().find("crash lines"));
    }
}

REGISTER_TYPED_TEST_SUITE_P(LogContract, EverythingAcceptedIsDeliveredOnceItIsClosed, KeepsTheOrder, OneRecordIsOneLine,
                            TakesWhateverBytesThereAre, DropsWhatIsBelowItsLevel, GoesOnAfterItWasReopened,
                            IsSafeToUseBeforeItIsOpenAndAfterItIsClosed, IsClosedAnyNumberOfTimes,
                            MayBeMovedBeforeItIsOpened, IsWrittenByManyThreadsAtOnce,
                            CrashLinesComeAfterWhatWasAccepted);

}  // namespace servicekit::contract_tests
