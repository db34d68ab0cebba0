#include "unit/cli/program_fixture.hpp"

namespace servicekit::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

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

TEST_F(LogsTest, SaysThatThereIsNoLogFile) {
    EXPECT_EQ(run({"logs"}), 71);
    EXPECT_THAT(error(), HasSubstr("'/var/log/x.log'"));
    options.log_file.clear();
    EXPECT_EQ(run({"logs"}), 78);
    EXPECT_THAT(error(), HasSubstr("no log file is set"));
}

}  // namespace
}  // namespace servicekit::cli
