#include <cerrno>

#include "unit/cli/program_fixture.hpp"

namespace servicekit::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class LogsTest : public ProgramFixture {
protected:
    LogsTest() { options.log_file = "/var/log/x.log"; }
};

TEST_F(LogsTest, ShowsTheLastLines) {
    host.files.add_file("/var/log/x.log", "one\ntwo\nthree\n");
    EXPECT_EQ(run({"logs", "-n", "2"}), 0);
    EXPECT_EQ(out(), "two\nthree\n");
}

TEST_F(LogsTest, FollowsUntilInterrupted) {
    host.files.add_file("/var/log/x.log", "one\n");
    tools.make_sleep = [this]() -> std::unique_ptr<os::InterruptibleSleep> {
        auto sleep = std::make_unique<mocks::FakeInterruptibleSleep>(host.reactor);
        after(100ms, [this] { host.files.tree().peek("/var/log/x.log")->content += "two\n"; });
        after(300ms, [this] { host.files.move_away("/var/log/x.log", "/var/log/x.log.1"); });
        after(700ms, [this] { host.files.add_file("/var/log/x.log", "three\n"); });
        after(2s, [sleeper = sleep.get()] { sleeper->interrupt(); });
        return sleep;
    };
    EXPECT_EQ(run({"logs", "-f"}), 0);
    EXPECT_EQ(out(), "one\ntwo\nthree\n");
}

TEST_F(LogsTest, FlushesTheServicesLogFirst) {
    host.files.add_file("/var/log/x.log", "one\n");
    start_instance();
    replies["log-flush"] = "{}";
    on_request = [this](const std::string&) { host.files.tree().peek("/var/log/x.log")->content += "two\n"; };
    EXPECT_EQ(run({"logs"}), 0);
    EXPECT_EQ(out(), "one\ntwo\n");
    EXPECT_THAT(instance->requests.at(0), StartsWith(R"(["log-flush",)"));
}

TEST_F(LogsTest, ShowsTheFileIfTheServiceDoesNotFlush) {
    host.files.add_file("/var/log/x.log", "one\n");
    start_instance();
    for (const char* code : {"not-allowed", "event-not-found", "busy"}) {
        replies["log-flush"] = std::string{R"({"error":{"code":")"} + code + R"(","message":"no"}})";
        EXPECT_EQ(run({"logs"}), 0) << code;
    }
    replies.clear();
    const auto begin = host.clock.steady_now();
    EXPECT_EQ(run({"logs"}), 0);
    EXPECT_LE(host.clock.steady_now() - begin, 1s);
    EXPECT_EQ(out(), "one\none\none\none\n");
    EXPECT_EQ(error(), "");
}

TEST_F(LogsTest, EndsIfItsReaderIsGone) {
    host.files.add_file("/var/log/x.log", "one\n");
    host.files.add_file("/var/log/x.log.1", "zero\n");
    host.streams.failures.fail_always("write_within", EPIPE);
    EXPECT_EQ(run({"logs", "-f"}), 0);
    EXPECT_EQ(run({"logs", "--since", "1d"}), 0);
    EXPECT_EQ(error(), "");
}

TEST_F(LogsTest, CanBeInterruptedWhileItsReaderPauses) {
    host.files.add_file("/var/log/x.log", "one\ntwo\n");
    host.streams.limit(os::Stream::out, 6);
    tools.make_sleep = []() -> std::unique_ptr<os::InterruptibleSleep> {
        class Sleep final : public os::InterruptibleSleep {
        public:
            bool sleep_for(std::chrono::milliseconds /*time*/) override { return left_ > 0 && --left_ > 0; }
            [[nodiscard]] int ended_by() const override { return 0; }

        private:
            int left_ = 5;
        };
        return std::make_unique<Sleep>();
    };
    EXPECT_EQ(run({"logs", "-f"}), 0);
    EXPECT_EQ(out(), "one\ntw");
    EXPECT_LE(host.streams.last_patience(), 1s);
    EXPECT_EQ(error(), "");
}

TEST_F(LogsTest, ContinuesWhenItsReaderContinues) {
    host.files.add_file("/var/log/x.log", "one\ntwo\n");
    host.streams.limit(os::Stream::out, 6);
    tools.make_sleep = [this]() -> std::unique_ptr<os::InterruptibleSleep> {
        class Sleep final : public os::InterruptibleSleep {
        public:
            explicit Sleep(mocks::FakeStandardStreams& streams) : streams_{streams} {}
            bool sleep_for(std::chrono::milliseconds time) override {
                if (++asked_ == 3) streams_.limit(os::Stream::out, std::nullopt);
                return time == 0ms;
            }
            [[nodiscard]] int ended_by() const override { return 0; }

        private:
            mocks::FakeStandardStreams& streams_;
            int asked_ = 0;
        };
        return std::make_unique<Sleep>(host.streams);
    };
    EXPECT_EQ(run({"logs", "-f"}), 0);
    EXPECT_EQ(out(), "one\ntwo\n");
}

TEST_F(LogsTest, WritesNothingAfterAnIncompleteWrite) {
    host.files.add_file("/var/log/x.log", std::string(100'000, '.') + "\n");
    host.streams.failures.fail_next("write_within", ENOSPC);
    for (const auto& arguments : {std::vector<std::string>{"logs"}, {"logs", "-f"}}) {
        EXPECT_EQ(run(arguments), 71);
        host.streams.failures.fail_next("write_within", ENOSPC);
    }
    EXPECT_EQ(out(), "");
    EXPECT_THAT(error(), StartsWith("just-another-server: cannot write to 'stdout': No space left on device\n"));
}

TEST_F(LogsTest, ReportsThatThereIsNoLogFile) {
    EXPECT_EQ(run({"logs"}), 71);
    EXPECT_THAT(error(), HasSubstr("'/var/log/x.log'"));
    options.log_file.clear();
    EXPECT_EQ(run({"logs"}), 78);
    EXPECT_THAT(error(), HasSubstr("no log file is set; under systemd its lines are in the journal: journalctl -u "
                                   "just-another-server.service\n"));
}

}  // namespace
}  // namespace servicekit::cli
