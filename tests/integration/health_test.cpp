// Health checks of a real process: what operators see of them, and how a process ends while a check hangs.
#include <filesystem>
#include <fstream>
#include <string>

#include "integration/support/service_test.hpp"

namespace servicekit::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class HealthChecksProcessTest : public ServiceTest {
protected:
    void touch(const std::string& name) const {
        std::filesystem::create_directories(checked.run_directory());
        std::ofstream{checked.run_directory() + "/" + name} << "\n";
    }
    void remove(const std::string& name) const { std::filesystem::remove(checked.run_directory() + "/" + name); }
    void await_health(int code) const {
        await_state("the exit code of health is " + std::to_string(code),
                    [this, code] { return checked.verb({"health"}).exit_code == code; });
    }
    void await_status(const std::string& text) const {
        await_state("the status has " + text, [this, &text] {
            return checked.verb({"status", "--json"}).out.find(text) != std::string::npos;
        });
    }

    ServiceProgram checked{"health-trial", directory.path()};
};

TEST_F(HealthChecksProcessTest, HealthFollowsTheCriticalCheck) {
    RunningService service{checked};
    await_health(0);
    EXPECT_THAT(checked.verb({"health"}).out, HasSubstr("health-trial: ready\n"));

    touch("broken");
    await_health(1);
    EXPECT_THAT(checked.verb({"health"}).err, HasSubstr("not ready: check 'switch' failed: it is broken\n"));
    EXPECT_EQ(checked.verb({"health", "--live"}).exit_code, 0);
    EXPECT_THAT(checked.verb({"status"}).out,
                ContainsRegex("switch, critical, failed [0-9]+ seconds? ago: it is broken\n"));
    EXPECT_THAT(checked.verb({"metrics"}).out, HasSubstr("\nservicekit_health_check{check=\"switch\"} 0\n"));
    service.await_log("health check 'switch' failed: it is broken\n");

    remove("broken");
    await_health(0);
    EXPECT_THAT(checked.verb({"metrics"}).out, HasSubstr("\nservicekit_health_check{check=\"switch\"} 1\n"));
    service.await_log("health check 'switch' is ok again\n");
    EXPECT_EQ(checked.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(HealthChecksProcessTest, AProcessWhoseCheckHangsForEverStopsCleanly) {
    touch("hangs");
    RunningService service{checked, {"--stop-timeout", "3600"}};
    await_status(R"("name":"hangs","result":"timed-out")");
    await_health(0);

    const Outcome stopped = checked.verb({"stop"});

    EXPECT_EQ(stopped.exit_code, 0) << stopped;
    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(checked.log(), HasSubstr("health checks still run: 'hangs'\n"));
    EXPECT_THAT(checked.log(), HasSubstr("on_stop ran\n"));
    EXPECT_EQ(checked.verb({"wait", "--test"}).exit_code, 0);
    EXPECT_FALSE(std::filesystem::exists(checked.control_socket()));
    EXPECT_FALSE(std::filesystem::exists(checked.run_directory() + "/destroyed"));
}

TEST_F(HealthChecksProcessTest, AProcessWhoseChecksEndIsDestroyedAsUsual) {
    RunningService service{checked};
    await_health(0);
    EXPECT_EQ(checked.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(checked.log(), Not(HasSubstr("health checks still run")));
    EXPECT_TRUE(std::filesystem::exists(checked.run_directory() + "/destroyed"));
}

TEST_F(HealthChecksProcessTest, AKillDoesNotWaitForACheckThatHangs) {
    touch("hangs");
    RunningService service{checked};
    await_status(R"("name":"hangs","result":"timed-out")");
    EXPECT_EQ(checked.verb({"kill"}).exit_code, 0);
    EXPECT_EQ(service.exit_code(), 0);
}

}  // namespace
}  // namespace servicekit::test
