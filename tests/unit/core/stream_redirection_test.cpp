#include "core/stream_redirection.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/basic_service.hpp"
#include "servicekit/policies/control/no_control.hpp"
#include "servicekit/policies/daemon/foreground.hpp"
#include "servicekit/policies/lock/no_lock.hpp"
#include "unit/core/service_fixture.hpp"

namespace servicekit {
namespace {

using os::Stream;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Target = mocks::FakeStandardStreams::Target;

class StreamRedirectionTest : public testing::ServiceTest {
protected:
    /// Sets the value as a config file would.
    void set(Setting<Value> stream, Value value) {
        settings.emplace_back(stream, std::move(value));
        hooks.on_load = [this](Settings& loaded) {
            for (const auto& [setting, wanted] : settings) loaded.set(setting, wanted);
        };
    }
    std::vector<std::pair<Setting<Value>, Value>> settings;
};

TEST_F(StreamRedirectionTest, InTheForegroundTheStreamsAreUnchanged) {
    then([this] {
        EXPECT_EQ(host.streams.target(Stream::out), Target::user);
        EXPECT_FALSE(host.captures.is_captured(Stream::out));
    });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
}

TEST_F(StreamRedirectionTest, CapturedLinesAreRecordsWithTheirStream) {
    set(setting::standard_output, "log");
    set(setting::standard_error, "log");
    then([this] {
        host.captures.print(Stream::out, "hello\nunfinished");
        host.captures.print(Stream::error, "a fault\n");
    });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_THAT(log(), HasSubstr(" info trial[4711]: hello stream=stdout\n"));
    EXPECT_THAT(log(), HasSubstr(" warning trial[4711]: a fault stream=stderr\n"));
    EXPECT_THAT(log(), HasSubstr(": unfinished stream=stdout\n"));
}

TEST_F(StreamRedirectionTest, TheLogShowsThatAStopHadNoTimeForAllLines) {
    set(setting::standard_output, "log");
    then([this] {
        host.captures.print(Stream::out, "hello\nunfinished");
        host.captures.be_slow();
    });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_THAT(log(), HasSubstr("warning trial[4711]: printed lines may be lost: the log did not take them within"));
}

TEST_F(StreamRedirectionTest, LinesBelowTheLevelAreDropped) {
    set(setting::standard_output, "log");
    options.log_level = LogLevel::warning;
    then([this] { host.captures.print(Stream::out, "hello\n"); });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_THAT(log(), Not(HasSubstr("hello")));
}

TEST_F(StreamRedirectionTest, EachStreamGoesToItsDestination) {
    set(setting::standard_input, "/etc/input");
    set(setting::standard_output, Object{{"path", "/var/log/out"}, {"mode", "0600"}, {"open", "truncate"}});
    set(setting::standard_error, "null");
    then([this] {
        EXPECT_EQ(host.streams.file(Stream::in).path, "/etc/input");
        EXPECT_EQ(host.streams.file(Stream::out).path, "/var/log/out");
        EXPECT_EQ(host.streams.file(Stream::out).permissions, 0600U);
        EXPECT_EQ(host.streams.file(Stream::out).opening, os::StreamFile::Opening::truncate);
        EXPECT_EQ(host.streams.target(Stream::error), Target::null);
    });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
}

TEST_F(StreamRedirectionTest, OneFileForBothStreamsIsOpenedOnce) {
    set(setting::standard_output, Object{{"path", "/var/log/both"}, {"open", "create"}});
    set(setting::standard_error, Object{{"path", "/var/log/both"}, {"open", "create"}});
    then([this] { EXPECT_EQ(host.streams.descriptor(Stream::error), 1); });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
}

TEST_F(StreamRedirectionTest, AReopenAppends) {
    set(setting::standard_output, Object{{"path", "/var/log/out"}, {"open", "create"}});
    ask(R"(["log-reopen"])");
    then([this] { EXPECT_EQ(host.streams.file(Stream::out).opening, os::StreamFile::Opening::append); });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
}

TEST_F(StreamRedirectionTest, TheFileChangesItsOwner) {
    host.users.add_user({.name = "trial", .uid = 1000, .gid = 1000});
    hooks.on_load = [](Settings& loaded) {
        loaded.set(setting::standard_output, "/var/log/out");
        loaded.set(setting::user, "trial");
    };
    then([this] { EXPECT_EQ(host.streams.owner(Stream::out), 1000U); });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
}

TEST_F(StreamRedirectionTest, AFileThatCannotBeOpenedFailsTheStart) {
    set(setting::standard_output, "/var/log/out");
    host.streams.failures.fail_next("redirect_to_file", EISDIR);

    EXPECT_EQ(run(), 73);
    EXPECT_THAT(errors() + log(), HasSubstr("cannot open for stdout '/var/log/out': Is a directory"));
    expect_all_released();
}

TEST_F(StreamRedirectionTest, StdinCannotComeFromTheLog) {
    set(setting::standard_input, "log");

    EXPECT_EQ(run(), 78);
    EXPECT_THAT(errors(), HasSubstr("cannot redirect 'stdin': nothing can be read from the log"));
}

TEST_F(StreamRedirectionTest, ALogOnTheStreamsCapturesNoneOfThem) {
    options.log_file.clear();
    set(setting::standard_error, "log");

    EXPECT_EQ(run(), 78);
    EXPECT_THAT(errors(), HasSubstr("cannot redirect 'stderr': the log itself writes to the standard streams"));
}

TEST_F(StreamRedirectionTest, ACrashLogsPendingOutput) {
    set(setting::standard_output, "log");
    then([this] {
        host.captures.print(Stream::out, "crash lines");
        host.crashes.crash("SIGSEGV", "address not mapped to object");
    });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_THAT(log(), ContainsRegex(" info trial\\[[0-9]+\\]: crash lines stream=stdout\n"
                                     "[^\n]* fatal trial\\[[0-9]+\\]: crashed by SIGSEGV [^\n]*\n"));
}

/// Takes two seconds for each of the crash lines.
class SlowLog final : public LogPolicy {
public:
    SlowLog() = default;
    SlowLog(mocks::FakeClock& clock, std::vector<std::string>& crash_lines)
        : clock_{&clock}, crash_lines_{&crash_lines} {}

    Result<void> open() override { return {}; }
    void write(const LogRecord& /*record*/) noexcept override {}
    void close(std::chrono::milliseconds /*at_most*/) noexcept override {}
    void write_at_crash(std::span<const LogRecord> records) noexcept override {
        for (const LogRecord& record : records) {
            crash_lines_->emplace_back(record.message);
            clock_->advance(std::chrono::seconds{2});
        }
    }

private:
    mocks::FakeClock* clock_ = nullptr;
    std::vector<std::string>* crash_lines_ = nullptr;
};

TEST(StreamRedirectionOfASlowLogTest, PendingOutputDoesNotDelayTheCrash) {
    using Trial = BasicService<Foreground, NoLock, SlowLog, NoControl>;
    mocks::FakeOs host;
    std::vector<std::string> crash_lines;
    EventHooks hooks;
    hooks.on_load = [](Settings& settings) {
        settings.set(setting::standard_output, Value{"log"});
        settings.set(setting::standard_error, Value{"log"});
    };
    host.when_idle([&host] {
        host.captures.print(Stream::out, "printed");
        host.captures.print(Stream::error, "printed, too");
        host.crashes.crash("SIGSEGV", "address not mapped to object");
        host.signals.raise(SIGTERM);
    });

    Trial service{{.name = "trial"},
                  hooks,
                  Trial::Policies{.daemon = Foreground{{}, host.host()}, .log = SlowLog{host.clock, crash_lines}},
                  host.host()};
    EXPECT_EQ(service.run(), 0);
    EXPECT_THAT(crash_lines, ElementsAre("printed", StartsWith("crashed by SIGSEGV "), "printed, too"));
}

TEST(StreamPlanTest, FollowsTheSetting) {
    using PlanTarget = StreamPlan::Target;
    EXPECT_EQ(parse_stream_plan(Stream::out, Value{"log"})->target, PlanTarget::log);
    EXPECT_EQ(parse_stream_plan(Stream::out, Value{"null"})->target, PlanTarget::null);
    EXPECT_EQ(parse_stream_plan(Stream::in, Value{"inherit"})->target, PlanTarget::inherit);
    EXPECT_EQ(parse_stream_plan(Stream::in, Value{"./log"})->file.path, "./log");
    EXPECT_FALSE(parse_stream_plan(Stream::in, Value{"log"}));
    EXPECT_TRUE(parse_stream_plan(Stream::out, Value{Object{{"path", "x"}, {"fifo", true}}})->file.is_fifo);
}

TEST_F(StreamRedirectionTest, AStreamThatNamesItselfIsUnchanged) {
    set(setting::standard_output, "/dev/stdout");
    set(setting::standard_error, "/proc/self/fd/2");
    then([this] {
        EXPECT_EQ(host.streams.target(Stream::out), Target::user);
        EXPECT_EQ(host.streams.target(Stream::error), Target::user);
    });
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
}

TEST_F(StreamRedirectionTest, ADescriptorIsNotReopened) {
    set(setting::standard_output, "/dev/fd/7");
    host.inherited.leave_open(7);
    then([this] { host.streams.failures.fail_always("redirect_to_file", EIO); });
    ask(R"(["log-reopen"])");
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_THAT(replies, ElementsAre(Not(HasSubstr("error"))));
}

TEST_F(StreamRedirectionTest, AClosedDescriptorFailsTheStart) {
    set(setting::standard_output, "/dev/fd/7");

    EXPECT_EQ(run(), 78);
    EXPECT_THAT(errors(), HasSubstr("cannot write to 'descriptor 7': Bad file descriptor\n"));
}

TEST_F(StreamRedirectionTest, PermissionsThatCannotBeSetAreAWarning) {
    set(setting::standard_output, "/var/log/out");
    host.streams.failures.fail_next("set_permissions", EPERM);
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);
    EXPECT_THAT(log(), HasSubstr("cannot change the permissions of '/var/log/out': Operation not permitted\n"));
}

}  // namespace
}  // namespace servicekit
