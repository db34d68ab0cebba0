// Changes of the configuration while the service runs.
#include <csignal>
#include <string>

#include "integration/support/raw_client.hpp"
#include "integration/support/service_test.hpp"

namespace servicekit::test {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

class ReloadTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        trial.configure_app({{"greeting", "hello"}});
    }

    static std::string greeting_of(const RunningService& service) {
        return service.call("status").find("greeting")->as_string();
    }
};

TEST_F(ReloadTest, TakesEffectAtOnce) {
    const RunningService service{trial};
    trial.configure_app({{"greeting", "good day"}});

    const Outcome reloaded = trial.verb({"reload"});

    EXPECT_EQ(reloaded.exit_code, 0) << reloaded;
    EXPECT_THAT(reloaded.out, ContainsRegex("^applied +/app/greeting\n$"));
    EXPECT_EQ(greeting_of(service), "good day");
}

TEST_F(ReloadTest, ReportsThatNothingHasChanged) {
    const RunningService service{trial};

    EXPECT_EQ(trial.verb({"reload"}).out, "nothing changed\n");
}

TEST_F(ReloadTest, ARemovedKeyHasItsDefaultAgain) {
    trial.configure({{"log-level", "debug"}, {"app", Object{{"greeting", "good day"}}}});
    const RunningService service{trial};
    trial.configure({});

    const Object reply = service.call("reload");

    EXPECT_EQ(*reply.find("applied"), (Value{Value::List{"log-level", "/app/greeting"}}));
    EXPECT_EQ(greeting_of(service), "hello");
    EXPECT_EQ(trial.verb({"log-level"}).out, "info\n");
}

TEST_F(ReloadTest, ABrokenFileKeepsTheConfiguration) {
    const RunningService service{trial};
    trial.write_config("{\n  \"app\": }\n");

    const Object error = service.call_in_vain("reload");

    EXPECT_EQ(*error.find("code"), Value{"event-error"});
    EXPECT_THAT(error.find("message")->as_string(), HasSubstr(trial.config_file() + ":2:"));
    EXPECT_EQ(greeting_of(service), "hello");
}

TEST_F(ReloadTest, AMissingFileKeepsTheConfiguration) {
    const RunningService service{trial};
    std::filesystem::remove(trial.config_file());

    const Object error = service.call_in_vain("reload");

    EXPECT_THAT(error.find("message")->as_string(), HasSubstr("No such file or directory"));
    EXPECT_EQ(greeting_of(service), "hello");
}

TEST_F(ReloadTest, AValueThatTheProgramRefusesChangesNothing) {
    const RunningService service{trial};
    trial.configure({{"log-level", "debug"}, {"app", Object{{"greeting", 7}}}});

    const Outcome reloaded = trial.verb({"reload"});

    EXPECT_EQ(reloaded.exit_code, 1);
    EXPECT_THAT(reloaded.err, AllOf(HasSubstr("/app/greeting"), HasSubstr("(event-error)")));
    EXPECT_EQ(greeting_of(service), "hello");
    EXPECT_EQ(trial.verb({"log-level"}).out, "info\n");
}

TEST_F(ReloadTest, AHupWithABrokenFileIsLogged) {
    RunningService service{trial};
    trial.write_config("{");

    service.signal(SIGHUP);

    service.await_log(trial.config_file() + ":1:");
    EXPECT_EQ(greeting_of(service), "hello");
}

TEST_F(ReloadTest, AFixedFileIsLoadedAfterABrokenOne) {
    const RunningService service{trial};
    trial.write_config("{");
    service.call_in_vain("reload");
    trial.configure_app({{"greeting", "good day"}});

    service.call("reload");

    EXPECT_EQ(greeting_of(service), "good day");
}

TEST_F(ReloadTest, SettingsThatNeedARestartAreReported) {
    const RunningService service{trial};
    trial.configure({{"umask", "077"}, {"name", "other"}, {"app", Object{{"greeting", "good day"}}}});

    const Object reply = service.call("reload");

    EXPECT_EQ(*reply.find("applied"), (Value{Value::List{"/app/greeting"}}));
    EXPECT_EQ(*reply.find("needs-restart"), (Value{Value::List{"name", "umask"}}));
    EXPECT_EQ(*service.call("status").find("name"), Value{"trial-service"});
}

TEST_F(ReloadTest, SettingsThatNeedARestartAreReportedUntilThen) {
    const RunningService service{trial};
    trial.configure({{"umask", "077"}});
    service.call("reload");

    const Object reply = service.call("reload");

    EXPECT_EQ(*reply.find("needs-restart"), (Value{Value::List{"umask"}}));
}

TEST_F(ReloadTest, TheLogLevelIsApplied) {
    const RunningService service{trial};
    trial.configure({{"log-level", "debug"}, {"app", Object{{"greeting", "hello"}}}});

    const Object reply = service.call("reload");

    EXPECT_EQ(*reply.find("applied"), (Value{Value::List{"log-level"}}));
    EXPECT_EQ(trial.verb({"log-level"}).out, "debug\n");
}

TEST_F(ReloadTest, TheCommandLineStillOverridesTheFile) {
    const RunningService service{trial, {"--log-level", "warning"}};
    trial.configure({{"log-level", "debug"}, {"app", Object{{"greeting", "hello"}}}});

    EXPECT_EQ(*service.call("reload").find("applied"), Value{Value::List{}});

    EXPECT_EQ(trial.verb({"log-level"}).out, "warning\n");
}

TEST_F(ReloadTest, ALevelSetByAnOperatorIsKept) {
    const RunningService service{trial};
    ASSERT_EQ(trial.verb({"log-level", "debug"}).exit_code, 0);
    trial.configure_app({{"greeting", "good day"}});

    service.call("reload");

    EXPECT_EQ(trial.verb({"log-level"}).out, "debug\n");
}

TEST_F(ReloadTest, TheStopTimeoutIsApplied) {
    RunningService service{trial};
    trial.configure({{"stop-timeout", 0.3}, {"app", Object{{"stop-hangs", true}}}});
    service.call("reload");

    service.signal(SIGTERM);

    EXPECT_EQ(service.exit_code(), 70);
    EXPECT_THAT(trial.log(), HasSubstr("stopping took longer than 300 ms"));
}

TEST_F(ReloadTest, AStopDuringAReloadOfALargeFileRunsTheStopEvent) {
    Object table;
    for (int key = 0; key < 50'000; ++key) table.append("key-" + std::to_string(key), key);
    trial.configure_app({{"table", table}});
    RunningService service{trial};
    table.set("key-49999", "changed");
    trial.configure_app({{"table", table}});

    service.signal(SIGHUP);
    service.signal(SIGTERM);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(trial.log(), HasSubstr("on_stop ran"));
}

// The service runs in another directory than the one to which the path was relative.
TEST_F(ReloadTest, ARelativePathStillFindsTheFile) {
    ASSERT_EQ(shell("trial-service start --run-directory $RUN --log-file log --config config.json").exit_code, 0);
    trial.configure_app({{"greeting", "good day"}});

    EXPECT_EQ(trial.verb({"reload"}).exit_code, 0);

    EXPECT_THAT(trial.verb({"status"}).out, HasSubstr("good day"));
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
}

TEST_F(ReloadTest, TimesOutBehindALongHandler) {
    const RunningService service{trial};
    RawClient client{trial.control_socket()};
    client.send(R"(["sleep", {"seconds": 3600}])");
    service.await_busy("sleep");

    const Outcome reload = trial.verb({"reload", "--timeout", "0.3"});

    EXPECT_EQ(reload.exit_code, 75) << reload;
    EXPECT_EQ(reload.err,
              "trial-service: cannot reload within 300 ms: 'sleep' runs before it; the reload was given up\n");
}

TEST_F(ReloadTest, TimesOutOnAFrozenService) {
    const RunningService service{trial};
    service.signal(SIGSTOP);

    const Outcome reload = trial.verb({"reload", "--timeout", "0.1"});

    EXPECT_EQ(reload.exit_code, 75) << reload;
    EXPECT_EQ(reload.err, "trial-service: cannot reload within 100 ms: the service does not answer at all\n");
    service.signal(SIGCONT);
}

TEST_F(ReloadTest, ReportsAMissingControlSocket) {
    const RunningService service{trial, {"--no-control-server"}};

    const Outcome reload = trial.verb({"reload"});

    EXPECT_EQ(reload.exit_code, 71);
    EXPECT_THAT(reload.err, HasSubstr("has no control socket"));
}

}  // namespace
}  // namespace servicekit::test
