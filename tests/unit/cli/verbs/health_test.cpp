#include <cerrno>
#include <chrono>

#include "unit/cli/program_fixture.hpp"

namespace servicekit::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class HealthTest : public ProgramFixture {
protected:
    void say_status(const std::string& fields) {
        if (host.files.exists(pid_file)) host.files.take_away(pid_file);
        start_instance();
        replies["status"] = "{" + fields + "}";
    }
};

TEST_F(HealthTest, IsReadyWhileItRuns) {
    say_status(R"("state":"running")");
    EXPECT_EQ(run({"health"}), 0);
    EXPECT_EQ(run({"health", "--ready"}), 0);
    EXPECT_EQ(out(), "just-another-server: ready\njust-another-server: ready\n");
}

TEST_F(HealthTest, IsNotReadyInAnyOtherState) {
    for (const std::string state : {"starting", "standby", "reloading", "stopping"}) {
        say_status(R"("state":")" + state + "\"");
        EXPECT_EQ(run({"health"}), 1);
        EXPECT_THAT(error(), HasSubstr("just-another-server: not ready: " + state + "\n"));
        end_instance();
    }
    EXPECT_THAT(out(), IsEmpty());
}

TEST_F(HealthTest, IsNotReadyDuringAReloadOfTheProgram) {
    say_status(R"("state":"running","busy":{"event":"reload","seconds":0})");
    EXPECT_EQ(run({"health"}), 1);
    EXPECT_THAT(error(), HasSubstr("not ready: reloading"));
}

TEST_F(HealthTest, IsReadyDuringAnyOtherEvent) {
    say_status(R"("state":"running","busy":{"event":"backup","seconds":90})");
    EXPECT_EQ(run({"health"}), 0);
}

TEST_F(HealthTest, IsNotReadyIfACriticalCheckIsNotOk) {
    say_status(
        R"("state":"running","checks":[)"
        R"({"name":"database","result":"failed","critical":true,"reason":"connection refused","age":3,"took":0.1},)"
        R"({"name":"cache","result":"failed","critical":false,"reason":"cold","age":3,"took":0.1},)"
        R"({"name":"disk","result":"timed-out","critical":true,"reason":"it took longer than 5 s","age":3,"took":5},)"
        R"({"name":"peer","result":"pending","critical":true},)"
        R"({"name":"mail","result":"ok","critical":true,"age":3,"took":0},)"
        R"({"name":"queue","result":"failed","critical":true}])");
    EXPECT_EQ(run({"health"}), 1);
    EXPECT_EQ(error(),
              "just-another-server: not ready: check 'database' failed: connection refused; check 'disk' timed out: it "
              "took longer than 5 s; check 'peer' has no result yet; and 1 more\n");
    EXPECT_EQ(run({"health", "--live"}), 0);
}

TEST_F(HealthTest, IsReadyAndNamesChecksThatFailIfTheyAreNotCritical) {
    say_status(R"("state":"running","checks":[)"
               R"({"name":"cache","result":"failed","critical":false,"reason":"cold\u001b[2J","age":3,"took":0.1},)"
               R"({"name":"slow","result":"pending","critical":false},)"
               R"({"name":"mail","result":"ok","critical":true,"age":3,"took":0}])");
    EXPECT_EQ(run({"health"}), 0);
    EXPECT_EQ(out(), "just-another-server: ready; check 'cache' failed: cold\\x1b[2J\n");
}

TEST_F(HealthTest, ShowsTheChecksAsJson) {
    say_status(R"("state":"running","checks":[{"name":"disk","result":"failed","critical":true,"reason":"full"}])");
    EXPECT_EQ(run({"health", "--json"}), 1);
    EXPECT_EQ(out(), R"({"healthy":false,"verdict":"not ready: check 'disk' failed: full",)"
                     R"("checks":[{"name":"disk","result":"failed","critical":true,"reason":"full"}]})"
                     "\n");
}

TEST_F(HealthTest, AFieldOfTheProgramThatIsCalledChecksDoesNotCount) {
    say_status(R"("state":"running","checks":[{"name":"disk","critical":true}])");
    EXPECT_EQ(run({"health"}), 0);
    say_status(R"("state":"running","checks":{"result":"failed"})");
    EXPECT_EQ(run({"health"}), 0);
    say_status(R"("state":"running","checks":[{"name":"math","result":"42","critical":true}])");
    EXPECT_EQ(run({"health"}), 0);
    EXPECT_EQ(out(), "just-another-server: ready\njust-another-server: ready\njust-another-server: ready\n");
}

TEST_F(HealthTest, IsLiveInAnyState) {
    for (const std::string state : {"starting", "running", "reloading", "stopping"}) {
        say_status(R"("state":")" + state + "\"");
        EXPECT_EQ(run({"health", "--live"}), 0);
        EXPECT_THAT(out(), HasSubstr("just-another-server: live (" + state + ")\n"));
        end_instance();
    }
}

TEST_F(HealthTest, AnEventThatRunsTooLongIsHung) {
    say_status(R"("state":"running","busy":{"event":"backup","seconds":90})");
    EXPECT_EQ(run({"health", "--live", "--max-busy", "120"}), 0);
    EXPECT_EQ(run({"health", "--live", "--max-busy", "90"}), 1);
    EXPECT_EQ(run({"health", "--max-busy", "60"}), 1);
    EXPECT_EQ(error(),
              "just-another-server: hangs: 'backup' has been running for 90 s\n"
              "just-another-server: not ready: 'backup' has been running for 90 s\n");
}

TEST_F(HealthTest, IsNeitherIfNothingRuns) {
    EXPECT_EQ(run({"health"}), 1);
    EXPECT_EQ(run({"health", "--live"}), 1);
    EXPECT_THAT(error(), HasSubstr("not running; looked at"));
}

TEST_F(HealthTest, IsNeitherIfTheServiceDoesNotAnswerInTime) {
    start_instance();
    const auto begin = host.clock.steady_now();
    EXPECT_EQ(run({"health", "--live", "--timeout", "2"}), 1);
    EXPECT_EQ(host.clock.steady_now() - begin, 2s);
    EXPECT_THAT(error(), HasSubstr("cannot get a reply to 'status'"));
}

TEST_F(HealthTest, WaitsFiveSecondsByDefault) {
    start_instance();
    const auto begin = host.clock.steady_now();
    EXPECT_EQ(run({"health"}), 1);
    EXPECT_EQ(host.clock.steady_now() - begin, 5s);
}

TEST_F(HealthTest, IsNeitherIfTheAnswerIsInvalid) {
    say_status(R"("uptime":1)");
    EXPECT_EQ(run({"health", "--live"}), 1);
    replies["status"] = R"({"error":{"code":"event-error","message":"out of order"}})";
    EXPECT_EQ(run({"health"}), 1);
    lock_error = os_error("open", pid_file, EACCES);
    EXPECT_EQ(run({"health"}), 1);
    EXPECT_THAT(error(), HasSubstr("its status has no state"));
    EXPECT_THAT(error(), HasSubstr("out of order"));
}

TEST_F(HealthTest, ReadyAndLiveExcludeEachOther) {
    EXPECT_EQ(run({"health", "--live", "--ready"}), 64);
    EXPECT_EQ(run({"health", "--timeout", "soon"}), 64);
    EXPECT_EQ(run({"status", "--live"}), 64);
}

}  // namespace
}  // namespace servicekit::cli
