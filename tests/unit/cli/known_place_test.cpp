#include "cli/known_place.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/program.hpp"
#include "servicekit/configured.hpp"
#include "servicekit/mocks/fake_interruptible_sleep.hpp"
#include "servicekit/mocks/fake_os.hpp"
#include "servicekit/policies.hpp"
#include "servicekit/service.hpp"

namespace servicekit::cli {
namespace {

using ::testing::AllOf, ::testing::ElementsAre, ::testing::HasSubstr, ::testing::IsEmpty, ::testing::Not,
    ::testing::SizeIs;
using Words = std::vector<std::string>;

struct InstanceConfig {
    std::string instance;
    int port = 80;
    std::string token;
};
void describe(Schema<InstanceConfig>& config) {
    config.add("instance", &InstanceConfig::instance);
    config.add("port", &InstanceConfig::port, "", {.decides_place = false});
    config.add("token", &InstanceConfig::token);
}

/// A program on a machine in memory. Each verb runs in a process of its own.
class KnownPlaceTest : public ::testing::Test {
protected:
    using Trial = Configured<InstanceConfig>;
    struct Outcome {
        int code = -1;
        std::string out;
        std::string error;
    };

    KnownPlaceTest() {
        tools.make_sleep = [this] { return std::make_unique<mocks::FakeInterruptibleSleep>(host.reactor); };
        hooks.on_load = [](Settings& settings) { settings.set(setting::run_directory, "/srv"); };
        host.files.add_directory("/srv");
        program.make = [this] {
            ++made;
            return std::make_unique<Trial>(options, hooks, host.host());
        };
        program.make_stand_in = [this] { return std::make_unique<Trial>(options, EventHooks{}, host.host()); };
    }

    int run_words(Words words) {
        words.insert(words.begin(), "/usr/bin/trial");
        return run_program(program, words, tools);
    }
    /// Runs a verb and waits for its end.
    Outcome verb(const Words& words, uid_t user = 0, const std::string& directory = {}) {
        Outcome outcome;
        const pid_t pid = host.spawn(
            [&] {
                const std::size_t out = host.streams.written(os::Stream::out).size();
                const std::size_t error = host.streams.written(os::Stream::error).size();
                if (!directory.empty()) static_cast<void>(host.process.change_directory(directory));
                const int code = run_words(words);
                outcome.out = host.streams.written(os::Stream::out).substr(out);
                outcome.error = host.streams.written(os::Stream::error).substr(error);
                return code;
            },
            user);
        outcome.code = host.wait_for(pid).status;
        return outcome;
    }
    /// Starts a service, and resets the count of constructed services.
    pid_t start(Words words = {}, uid_t user = 0) {
        words.insert(words.begin(), "run");
        const pid_t pid = host.spawn([this, words] { return run_words(words); }, user);
        host.settle();
        EXPECT_TRUE(host.runs(pid));
        made = 0;
        return pid;
    }
    void stop(pid_t pid) {
        host.raise(pid, SIGTERM);
        host.wait_for(pid);
    }
    /// The records in a directory, without the notes beside them.
    [[nodiscard]] std::vector<std::string> records(const std::string& directory = "/run/servicekit") const {
        Words names = host.files.exists(directory) ? host.files.names_in(directory) : Words{};
        std::erase_if(names, [](const std::string& name) { return name.ends_with(".stop"); });
        return names;
    }
    [[nodiscard]] std::string only_record() const {
        const auto names = records();
        return names.size() == 1 ? "/run/servicekit/" + names.front() : "not one record";
    }
    void rewrite(const std::string& path, const std::string& text) {
        if (host.files.exists(path)) host.files.take_away(path);
        host.files.add_file(path, text);
    }

    mocks::FakeOs host;
    Tools tools{.host = host.host()};
    ServiceOptions options{.name = "trial", .version = "1.0", .log_file = "/var/log/trial.log"};
    EventHooks hooks;
    detail::Program program;
    int made = 0;
};

TEST_F(KnownPlaceTest, AVerbFindsThePlaceWithoutConstructingTheService) {
    const pid_t pid = start();

    EXPECT_THAT(verb({"status"}).out, HasSubstr("running"));
    EXPECT_EQ(verb({"pid"}).out, std::to_string(pid) + "\n");
    EXPECT_EQ(verb({"health"}).code, 0);
    EXPECT_EQ(verb({"wait", "--test"}).code, 1);
    EXPECT_EQ(verb({"call", "status"}).code, 0);
    EXPECT_EQ(verb({"reload"}).code, 0);
    EXPECT_EQ(verb({"events"}).code, 0);
    EXPECT_EQ(verb({"log-level"}).out, "info\n");
    EXPECT_THAT(verb({"logs"}).out, HasSubstr("ready"));
    EXPECT_EQ(verb({"crashes"}).code, 0);
    EXPECT_EQ(verb({"stop"}).code, 0);
    EXPECT_FALSE(host.runs(pid));
    EXPECT_EQ(verb({"status"}).code, 3);
    EXPECT_EQ(made, 0);
}

TEST_F(KnownPlaceTest, HelpCompletionAndTheSchemaNeedNoService) {
    options.description = "tries things";
    EXPECT_THAT(verb({"--help"}).out, AllOf(HasSubstr("tries things"), HasSubstr("--app.port")));
    EXPECT_THAT(verb({"stop", "--help"}).out, HasSubstr("--timeout"));
    EXPECT_THAT(verb({"--version"}).out, HasSubstr("trial 1.0"));
    EXPECT_THAT(verb({"check", "--schema"}).out, HasSubstr("\"port\""));
    EXPECT_THAT(verb({"completion", "bash"}).out, HasSubstr("trial"));
    EXPECT_THAT(verb({"complete", "--", "sta"}).out, HasSubstr("status"));
    EXPECT_EQ(verb({"stats"}).code, 64);
    EXPECT_EQ(made, 0);
}

TEST_F(KnownPlaceTest, CompletionAsksTheServiceOfTheRecord) {
    start();
    EXPECT_THAT(verb({"complete", "--", "call", "log-r"}).out, HasSubstr("log-reopen"));
    EXPECT_EQ(made, 0);
}

TEST_F(KnownPlaceTest, AServiceThatWasNeverStartedIsLoaded) {
    const auto status = verb({"status"});
    EXPECT_EQ(status.code, 3);
    EXPECT_THAT(status.out, HasSubstr("looked at '/srv/trial.pid'"));
    EXPECT_EQ(made, 1);
}

TEST_F(KnownPlaceTest, AKilledServiceIsFoundWithItsLeftovers) {
    hooks.on_load = [](Settings& settings) {
        settings.set(setting::run_directory, "/srv");
        settings.set(setting::log_file, "/srv/log");
        settings.set(setting::crash_directory, "/srv/crashes");
    };
    options.log_file.clear();
    host.files.add_file("/srv/crashes/trial.crash", "crash report\nprogram: trial\nsignal: SIGSEGV\n");
    host.kill(start());

    const auto status = verb({"status"});
    EXPECT_EQ(status.code, 1);
    EXPECT_THAT(status.out, AllOf(HasSubstr("looked at '/srv/trial.pid'"), HasSubstr("it was killed and left")));
    EXPECT_THAT(verb({"logs"}).out, HasSubstr("starting, pid"));
    EXPECT_THAT(verb({"crashes"}).out, HasSubstr("/srv/crashes/trial.crash"));
    EXPECT_EQ(made, 0);
}

TEST_F(KnownPlaceTest, ARecordOfAnotherConfigDoesNotCount) {
    host.files.add_file("/etc/one.json", R"({"app": {"instance": "one"}})");
    host.files.add_file("/etc/two.json", R"({"app": {"instance": "two"}})");
    hooks.on_load = [](Settings& settings) {
        settings.set(setting::run_directory, "/srv/" + settings.app().get<std::string>("instance", "none"));
    };
    const pid_t one = start({"--config", "/etc/one.json"});
    EXPECT_EQ(verb({"pid", "--config", "/etc/two.json"}).code, 3);
    EXPECT_EQ(made, 1);
    const pid_t two = start({"--config", "/etc/two.json"});

    EXPECT_EQ(verb({"pid", "--config", "/etc/one.json"}).out, std::to_string(one) + "\n");
    EXPECT_EQ(verb({"pid", "--config", "/etc/two.json"}).out, std::to_string(two) + "\n");
    EXPECT_EQ(made, 0);
    EXPECT_EQ(verb({"pid"}).code, 3);  // there is no record of a start
    EXPECT_EQ(made, 1);
}

TEST_F(KnownPlaceTest, ThePlaceOnTheCommandLineNamesTheInstance) {
    hooks.on_load = {};
    const pid_t usual = start();
    const pid_t other = start({"--run-directory", "/srv"});

    EXPECT_EQ(verb({"pid"}).out, std::to_string(usual) + "\n");
    EXPECT_EQ(verb({"pid", "--run-directory", "/srv/"}).out, std::to_string(other) + "\n");
    EXPECT_EQ(verb({"pid", "--run-directory", "/srv", "--name", "trial"}).out, std::to_string(other) + "\n");
    EXPECT_EQ(verb({"pid", "--pid-file", "/srv/trial.pid", "--control-socket", "/srv/trial.control"}).out,
              std::to_string(other) + "\n");
    EXPECT_EQ(made, 0);
    EXPECT_EQ(verb({"pid", "--pid-file", "/etc/x.pid", "--control-socket", "/etc/x.control"}).code, 3);
    EXPECT_EQ(made, 0);
    EXPECT_EQ(verb({"pid", "--name", "second"}).code, 3);
    EXPECT_EQ(made, 1);
}

TEST_F(KnownPlaceTest, AGivenPlaceDoesNotDetermineTheLog) {
    host.files.add_directory("/elsewhere");
    const Words place{"--run-directory", "/elsewhere", "--name", "trial"};
    Words logs{"logs"};
    logs.insert(logs.end(), place.begin(), place.end());
    static_cast<void>(verb(logs));
    EXPECT_EQ(made, 1);
    logs.insert(logs.end(), {"--log-file", "/var/log/trial.log"});
    static_cast<void>(verb(logs));
    EXPECT_EQ(made, 1);
}

TEST_F(KnownPlaceTest, AKeyThatMayAffectThePlaceNamesTheInstance) {
    hooks.on_load = {};
    const pid_t pid = start({"--app.instance", "one"});
    EXPECT_EQ(verb({"pid", "--app.instance", "one"}).out, std::to_string(pid) + "\n");
    EXPECT_EQ(made, 0);
    for (const Words& words : {Words{"pid"}, Words{"pid", "--app.instance", "two"}}) static_cast<void>(verb(words));
    EXPECT_EQ(made, 2);
    EXPECT_EQ(verb({"pid", "--app.instance", "one", "--app.port", "8080"}).out, std::to_string(pid) + "\n");
    EXPECT_EQ(made, 2);
}

TEST_F(KnownPlaceTest, AVariableOfTheProgramNamesTheInstance) {
    host.environment.set("TRIAL_INSTANCE", "one");
    start();
    static_cast<void>(verb({"status"}));
    EXPECT_EQ(made, 1);
    host.environment.unset("TRIAL_INSTANCE");
    static_cast<void>(verb({"status"}));
    EXPECT_EQ(made, 2);
}

TEST_F(KnownPlaceTest, ARecordWithTheEnvironmentIsPrivateAndHasNoSecrets) {
    hooks.on_load = {};
    const pid_t first = start({"--log-level", "debug"});
    EXPECT_EQ(host.files.status_of(only_record()).permissions, 0644U);
    EXPECT_EQ(host.files.status_of(only_record()).uid, 0U);
    stop(first);
    host.environment.set("TRIAL_APP_INSTANCE", "one");
    host.environment.set("TRIAL_APP_TOKEN", "opensesame");
    start();
    EXPECT_EQ(host.files.status_of(only_record()).permissions, 0600U);
    EXPECT_THAT(host.files.content(only_record()), AllOf(HasSubstr("\"one\""), Not(HasSubstr("opensesame"))));
    EXPECT_EQ(verb({"status"}).code, 0);
    EXPECT_EQ(made, 0);
}

TEST_F(KnownPlaceTest, TheLatestStartOfAPlaceOwnsItsRecord) {
    host.files.add_file("/etc/one.json", "{}");
    host.kill(start());
    start({"--config", "/etc/one.json"});
    EXPECT_THAT(records(), SizeIs(1));
    // Both starts have the same place, because the load event sets it, and the record is that of the second.
    EXPECT_EQ(verb({"status", "--config", "/etc/one.json"}).code, 0);
    EXPECT_EQ(made, 0);
    static_cast<void>(verb({"status"}));
    EXPECT_EQ(made, 1);
}

TEST_F(KnownPlaceTest, AnInstanceRestartedElsewhereIsTheRunningOne) {
    host.kill(start());
    host.files.add_directory("/srv2");
    hooks.on_load = [](Settings& settings) { settings.set(setting::run_directory, "/srv2"); };
    host.advance(std::chrono::seconds{1});
    const pid_t second = start();
    EXPECT_THAT(records(), SizeIs(2));
    EXPECT_EQ(verb({"pid"}).out, std::to_string(second) + "\n");
    host.kill(second);
    EXPECT_THAT(verb({"status"}).out, HasSubstr("looked at '/srv2/trial.pid'"));
    EXPECT_EQ(made, 0);
}

TEST_F(KnownPlaceTest, SeveralRunningInstancesAreAmbiguous) {
    start();
    host.files.add_directory("/srv2");
    hooks.on_load = [](Settings& settings) { settings.set(setting::run_directory, "/srv2"); };
    const pid_t second = start();
    EXPECT_EQ(verb({"pid"}).out, std::to_string(second) + "\n");
    EXPECT_EQ(made, 1);
}

TEST_F(KnownPlaceTest, ARelativePlaceIsRelativeToTheStartDirectory) {
    hooks.on_load = [](Settings& settings) { settings.set(setting::run_directory, "here"); };
    const pid_t pid = host.spawn([this] {
        EXPECT_TRUE(host.process.change_directory("/srv"));
        return run_words({"run"});
    });
    host.settle();
    made = 0;
    EXPECT_EQ(verb({"pid"}, 0, "/srv").out, std::to_string(pid) + "\n");
    EXPECT_EQ(made, 0);
    EXPECT_EQ(verb({"pid"}, 0, "/tmp").out, "");
    EXPECT_EQ(made, 1);
}

TEST_F(KnownPlaceTest, ARecordOfAStrangerDoesNotCount) {
    start();
    const std::string record = only_record();
    const std::string text = host.files.content(record);
    host.files.set_owner(record, 1000, 1000);
    static_cast<void>(verb({"status"}));
    EXPECT_EQ(made, 1);
    host.files.set_owner(record, 0, 0);
    host.files.set_permissions("/run/servicekit", 0777);
    static_cast<void>(verb({"status"}));
    EXPECT_EQ(made, 2);
    host.files.set_permissions("/run/servicekit", 0755);
    host.files.take_away(record);
    host.files.add_file("/etc/record", text);
    host.files.add_link(record, "/etc/record");
    static_cast<void>(verb({"status"}));
    EXPECT_EQ(made, 3);
}

TEST_F(KnownPlaceTest, ARecordThatCannotBeReadDoesNotCount) {
    start();
    const std::string record = only_record();
    const std::string text = host.files.content(record);
    std::string newer = text;
    newer.replace(newer.find("\"format\": 1"), 11, "\"format\": 2");
    for (const std::string& broken : {std::string{}, std::string{"{"}, std::string{"[]"}, newer,
                                      text + std::string(std::size_t{70} << 10U, ' '), text.substr(0, 100)}) {
        rewrite(record, broken);
        made = 0;
        EXPECT_EQ(verb({"status"}).code, 0);
        EXPECT_EQ(made, 1) << broken.substr(0, 30);
    }
}

TEST_F(KnownPlaceTest, AVerbUsesTheRecordDespiteABrokenConfigFile) {
    host.files.add_file("/etc/x.json", R"({"run-directory": "/srv"})");
    hooks.on_load = {};
    const pid_t pid = start({"--config", "/etc/x.json"});
    rewrite("/etc/x.json", "{");
    const auto stopped = verb({"stop", "--config", "/etc/x.json"});
    EXPECT_EQ(stopped.code, 0);
    EXPECT_THAT(stopped.error, HasSubstr("warning: cannot load the configuration: /etc/x.json:1:2"));
    EXPECT_FALSE(host.runs(pid));
    EXPECT_EQ(made, 0);
}

TEST_F(KnownPlaceTest, ARunningServiceKeepsThePlaceOfItsStart) {
    host.files.add_file("/etc/x.json", R"({"run-directory": "/srv"})");
    hooks.on_load = {};
    const pid_t pid = start({"--config", "/etc/x.json"});
    rewrite("/etc/x.json", R"({"run-directory": "/srv2"})");
    EXPECT_EQ(verb({"pid", "--config", "/etc/x.json"}).out, std::to_string(pid) + "\n");
}

TEST_F(KnownPlaceTest, AVerbKnowsTheTimeLimitThatTheLoadEventSet) {
    hooks.on_load = [](Settings& settings) {
        settings.set(setting::run_directory, "/srv");
        settings.set(setting::stop_timeout, std::chrono::seconds{50});
    };
    // The record holds the limit from the load event, which a verb uses if the service does not answer.
    start();
    EXPECT_THAT(host.files.content(only_record()), HasSubstr("\"stop-timeout\": 50"));
}

TEST_F(KnownPlaceTest, AStartThatCannotWriteARecordIsAWarning) {
    host.files.failures.fail_always("create_directories", EROFS, "/run/servicekit");
    const pid_t pid = start();
    EXPECT_THAT(host.files.content("/var/log/trial.log"),
                AllOf(HasSubstr("warning"), HasSubstr("cannot create directory '/run/servicekit'")));
    EXPECT_EQ(verb({"pid"}).out, std::to_string(pid) + "\n");
    EXPECT_EQ(made, 1);
}

TEST_F(KnownPlaceTest, AnUnfinishedRecordIsRemoved) {
    host.files.failures.fail_next("rename", EIO);
    start();
    EXPECT_THAT(records(), IsEmpty());
}

TEST_F(KnownPlaceTest, AUserHasItsOwnRecordsAndSeesThoseOfRoot) {
    constexpr uid_t user = 1000;
    host.files.add_directory("/run/user/1000", 0700);
    host.files.set_owner("/run/user/1000", user, user);
    host.files.add_directory("/home/user");
    host.files.set_owner("/home/user", user, user);
    host.files.set_permissions("/tmp", 01777);
    options.log_file.clear();
    host.environment.set("XDG_RUNTIME_DIR", "/run/user/1000");
    hooks.on_load = [](Settings& settings) { settings.set(setting::run_directory, "/home/user"); };
    const pid_t of_user = start({}, user);
    EXPECT_THAT(records("/run/user/1000/servicekit"), SizeIs(1));
    EXPECT_EQ(verb({"pid"}, user).out, std::to_string(of_user) + "\n");
    EXPECT_EQ(made, 0);
    // Root uses only its own records.
    EXPECT_EQ(verb({"pid"}).code, 77);
    EXPECT_EQ(made, 1);
    stop(of_user);
    host.files.take_away("/run/user/1000/servicekit/" + records("/run/user/1000/servicekit").front());
    hooks.on_load = [](Settings& settings) { settings.set(setting::run_directory, "/srv"); };
    const pid_t of_root = start();
    EXPECT_EQ(verb({"pid"}, user).out, std::to_string(of_root) + "\n");
    EXPECT_EQ(made, 0);
}

TEST_F(KnownPlaceTest, RootDoesNotTrustRecordsOfTheServicesUser) {
    constexpr uid_t user = 1000;
    host.users.add_user({.name = "trial", .uid = user, .gid = user});
    host.files.add_directory("/run/trial", 0755);
    host.files.set_owner("/run/trial", user, user);
    host.files.set_owner("/srv", user, user);
    options.log_file = "/srv/log";
    host.environment.set("RUNTIME_DIRECTORY", "/run/trial");
    const pid_t pid = start({}, user);
    host.environment.unset("RUNTIME_DIRECTORY");
    EXPECT_THAT(records("/run/trial/servicekit"), SizeIs(1));
    EXPECT_EQ(verb({"pid"}, user).out, std::to_string(pid) + "\n");
    EXPECT_EQ(made, 0);
    EXPECT_EQ(verb({"pid", "--user", "trial"}).out, std::to_string(pid) + "\n");
    EXPECT_EQ(made, 1);
}

TEST_F(KnownPlaceTest, WithoutARuntimeDirectoryTheRecordIsPrivate) {
    constexpr uid_t user = 1000;
    host.files.set_permissions("/tmp", 01777);
    host.files.set_owner("/srv", user, user);
    options.log_file.clear();
    const pid_t pid = start({}, user);
    EXPECT_THAT(records("/tmp/servicekit-1000/servicekit"), SizeIs(1));
    EXPECT_EQ(host.files.status_of("/tmp/servicekit-1000").permissions, 0700U);
    EXPECT_EQ(verb({"pid"}, user).out, std::to_string(pid) + "\n");
    EXPECT_EQ(made, 0);
}

TEST_F(KnownPlaceTest, APrivateDirectoryOfAStrangerIsNotUsed) {
    constexpr uid_t user = 1000;
    host.files.set_permissions("/tmp", 01777);
    host.files.add_directory("/tmp/servicekit-1000", 0777);
    host.files.set_owner("/tmp/servicekit-1000", 666, 666);
    host.files.set_owner("/srv", user, user);
    options.log_file = "/srv/log";
    start({}, user);
    EXPECT_THAT(host.files.names_in("/tmp/servicekit-1000"), IsEmpty());
    EXPECT_THAT(host.files.content("/srv/log"), HasSubstr("it belongs to another user (uid 666)"));
}

TEST_F(KnownPlaceTest, TheRecordDirectoryCanBeSet) {
    host.environment.set("SERVICEKIT_RECORDS", "/srv/records");
    const pid_t pid = start();
    EXPECT_THAT(records("/srv/records"), SizeIs(1));
    EXPECT_THAT(records(), IsEmpty());
    EXPECT_EQ(verb({"pid"}).out, std::to_string(pid) + "\n");
    EXPECT_EQ(made, 0);
    stop(pid);
    host.environment.set("SERVICEKIT_RECORDS", "none");
    start();
    EXPECT_EQ(verb({"pid"}).code, 0);
    EXPECT_EQ(made, 1);
}

TEST_F(KnownPlaceTest, RecordsOfMissingPlacesArePruned) {
    const pid_t pid = start();
    const std::string text = host.files.content(only_record());
    std::string gone = text;
    for (std::size_t at = 0; (at = gone.find("\"/srv/", at)) != std::string::npos;) gone.replace(at, 6, "\"/gone/");
    stop(pid);
    constexpr std::size_t many = 300;
    for (std::size_t i = 0; i < many; ++i) {
        std::string name = "/run/servicekit/other-" + std::string(12, '0') + std::to_string(1000 + i) + ".json";
        host.files.add_file(name, i % 2 == 0 ? gone : text);
        host.files.add_file(name.substr(0, name.rfind('.')) + ".stop");
    }
    for (int starts = 0; starts < 20; ++starts) {
        host.advance(std::chrono::seconds{1});
        stop(start());
    }
    // The records of existing places remain, each with its note.
    EXPECT_THAT(records().size(), AllOf(::testing::Le(257U), ::testing::Ge(many / 2 + 1)));
    EXPECT_EQ(host.files.names_in("/run/servicekit").size(), 2 * records().size());
    EXPECT_EQ(verb({"status"}).code, 3);
    EXPECT_EQ(made, 0);
}

TEST_F(KnownPlaceTest, TheRecordHasThePidfileOfTheLock) {
    host.files.add_directory("/locks");
    hooks.on_load = {};
    program.make = [this] {
        ++made;
        Service::Policies policies = Service::Policies::on(host.host());
        policies.lock = PidFileLock{{.path = "/locks/own.pid"}, host.host()};
        return std::make_unique<Service>(options, hooks, std::move(policies), host.host());
    };
    const pid_t pid = start();
    EXPECT_EQ(verb({"pid"}).out, std::to_string(pid) + "\n");
    EXPECT_EQ(made, 0);
}

TEST_F(KnownPlaceTest, AServiceThatCannotBeConstructedIsAnError) {
    program.make = []() -> std::unique_ptr<ServiceBase> { throw std::runtime_error{"no luck"}; };
    const auto outcome = verb({"status"});
    EXPECT_EQ(outcome.code, 70);
    EXPECT_THAT(outcome.error, HasSubstr("cannot set up the service: no luck"));
}

TEST_F(KnownPlaceTest, AProgramThatConstructsItsServiceStillSkipsTheLoad) {
    int loads = 0;
    hooks.on_load = [&loads](Settings& settings) {
        ++loads;
        settings.set(setting::run_directory, "/srv");
    };
    program.make_stand_in = nullptr;
    start();
    loads = 0;
    EXPECT_EQ(verb({"status"}).code, 0);
    EXPECT_EQ(made, 1);
    EXPECT_EQ(loads, 0);
}

}  // namespace
}  // namespace servicekit::cli
