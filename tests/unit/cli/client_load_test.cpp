#include "cli/client_load.hpp"

#include <cerrno>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "unit/cli/program_fixture.hpp"

namespace servicekit::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Arguments = std::vector<std::string>;

constexpr const char* default_settings =
    R"({"settings":{"config":{"value":null,"origin":"not set"},"run-directory":{"value":"/run","origin":"follows from the others"},"pid-file":{"value":"/run/just-another-server.pid","origin":"follows from the others"}}})";

struct PortConfig {
    int port = 80;
};
void describe(Schema<PortConfig>& config) { config.add("port", &PortConfig::port); }

/// An instance runs in the default place, and the verbs get a configuration.
class ClientLoadTest : public ProgramFixture {
protected:
    ClientLoadTest() {
        start_instance();
        replies["settings"] = default_settings;
        replies["status"] = R"({"state":"running"})";
        replies["stop"] = R"({"result":"stop-initiated"})";
        on_request = [this](const std::string& event) {
            if (event == "stop" || event == "kill") end_instance_after(std::chrono::milliseconds{1});
        };
    }
    void expect_nothing_is_done(const Arguments& options) {
        for (Arguments verb : {Arguments{"stop"}, Arguments{"kill"}, Arguments{"wait"}, Arguments{"wait", "--test"},
                               Arguments{"pid"}, Arguments{"health"}, Arguments{"reload"}, Arguments{"events"},
                               Arguments{"log-level", "debug"}, Arguments{"log-reopen"}, Arguments{"call", "backup"},
                               Arguments{"logs"}, Arguments{"crashes"}, Arguments{"metrics"}}) {
            verb.insert(verb.end(), options.begin(), options.end());
            EXPECT_EQ(run(verb), 78) << verb.front();
        }
        Arguments status{"status"};
        status.insert(status.end(), options.begin(), options.end());
        EXPECT_EQ(run(status), 4);
        EXPECT_THAT(error(), HasSubstr("cannot find the service: "));
        EXPECT_THAT(instance->requests, IsEmpty());
        EXPECT_THAT(host.processes.sent(), IsEmpty());
    }
    void write_config(const std::string& text) { host.files.add_file("/etc/x.json", text); }
};

TEST_F(ClientLoadTest, DoesNothingIfTheConfigFileIsMissing) { expect_nothing_is_done({"--config", "/etc/typo.json"}); }

TEST_F(ClientLoadTest, DoesNothingIfTheConfigFileIsNotValid) {
    write_config("{");
    expect_nothing_is_done({"--config", "/etc/x.json"});
}

TEST_F(ClientLoadTest, DoesNothingIfTheConfigFileMayNotBeRead) {
    write_config("{}");
    for (const int errno_value : {EACCES, EIO, EMFILE}) {
        host.files.failures.fail_always("read", errno_value, "/etc/x.json");
        expect_nothing_is_done({"--config", "/etc/x.json"});
    }
}

TEST_F(ClientLoadTest, DoesNothingIfADropInIsNotValid) {
    write_config("{}");
    host.files.add_directory("/etc/x.json.d");
    host.files.add_file("/etc/x.json.d/10.json", "{");
    expect_nothing_is_done({"--config", "/etc/x.json"});
}

TEST_F(ClientLoadTest, DoesNothingIfADropInMayNotBeRead) {
    write_config("{}");
    host.files.add_directory("/etc/x.json.d");
    host.files.add_file("/etc/x.json.d/10.json", "{}");
    for (const int errno_value : {EACCES, EIO}) {
        host.files.failures.fail_always("read", errno_value, "/etc/x.json.d/10.json");
        expect_nothing_is_done({"--config", "/etc/x.json"});
    }
}

TEST_F(ClientLoadTest, DoesNothingIfAKeyForThePlaceIsWrong) {
    for (const char* const config :
         {R"({"run-directory": 5})", R"({"run-directry": "/srv"})", R"({"name": "a/b"})",
          R"({"pidfile": "/srv/x.pid"})", R"({"run-directory": "/a", "run-directory": "/b"})"}) {
        if (host.files.exists("/etc/x.json")) host.files.take_away("/etc/x.json");
        write_config(config);
        expect_nothing_is_done({"--config", "/etc/x.json"});
    }
}

TEST_F(ClientLoadTest, DoesNothingIfAVariableForThePlaceIsWrong) {
    host.environment.set("JUST_ANOTHER_SERVER_NAME", "a/b");
    expect_nothing_is_done({});
}

TEST_F(ClientLoadTest, GoesOnIfTheCommandLineNamesThePlace) {
    write_config("{");
    EXPECT_EQ(run({"status", "--config", "/etc/x.json", "--name", "just-another-server", "--run-directory", "/run"}),
              0);
    EXPECT_EQ(run({"status", "--config", "/etc/x.json", "--pid-file", pid_file, "--control-socket", control_socket}),
              0);
    EXPECT_EQ(run({"status", "--config", "/etc/x.json", "--pid-file", pid_file}), 4);
    EXPECT_EQ(run({"status", "--config", "/etc/x.json", "--name", "just-another-server"}), 4);
    EXPECT_THAT(error(), HasSubstr("warning: cannot load the configuration: /etc/x.json:1:2: "));
}

TEST_F(ClientLoadTest, GoesOnIfTheEnvironmentNamesThePlace) {
    write_config("{");
    host.environment.set("JUST_ANOTHER_SERVER_RUN_DIRECTORY", "/run");
    EXPECT_EQ(run({"status", "--config", "/etc/x.json"}), 0);
}

TEST_F(ClientLoadTest, ARunDirectoryAloneNamesThePlaceOfOneService) {
    write_config("{");
    EXPECT_EQ(run({"status", "--config", "/etc/x.json", "--run-directory", "/run"}), 0);
    host.files.add_file("/run/second.pid");
    EXPECT_EQ(run({"status", "--config", "/etc/x.json", "--run-directory", "/run"}), 4);
}

TEST_F(ClientLoadTest, GoesOnDespiteOtherErrors) {
    auto schema = std::make_shared<Schema<PortConfig>>();
    describe(*schema);
    own = schema;
    for (const char* const config : {R"({"log-levle": "debug"})", R"({"stop-timeout": "soon"})",
                                     R"({"app": {"prot": 1}})", R"({"app": {"port": "http"}})", R"({"app": 5})"}) {
        if (host.files.exists("/etc/x.json")) host.files.take_away("/etc/x.json");
        write_config(config);
        EXPECT_EQ(run({"status", "--config", "/etc/x.json"}), 0) << config;
    }
    EXPECT_THAT(error(),
                HasSubstr("warning: cannot use the configuration: /etc/x.json: /app/prot: unknown key; did you mean "
                          "'port'?"));
    EXPECT_EQ(run({"stop", "--config", "/etc/x.json"}), 0);
}

TEST_F(ClientLoadTest, UsesTheValidKeys) {
    write_config(R"({"run-directory": "/srv", "log-levle": "debug"})");
    EXPECT_EQ(run({"status", "--config", "/etc/x.json"}), 3);
    EXPECT_THAT(out(), HasSubstr("looked at '/srv/just-another-server.pid'"));
}

TEST_F(ClientLoadTest, ALoadThatFailsBeforeItSetsThePlaceLeavesItUnknown) {
    replies["settings"] = R"({"error":{"code":"event-not-found","message":"there is none"}})";
    hooks.on_load = [](Settings&) { throw std::runtime_error{"no port"}; };
    EXPECT_EQ(run({"stop"}), 78);
    EXPECT_EQ(run({"status"}), 4);
    EXPECT_TRUE(owner.has_value());
}

TEST_F(ClientLoadTest, ALoadThatFailsAfterItSetThePlaceIsAWarning) {
    hooks.on_load = [](Settings& settings) {
        settings.set(setting::run_directory, "/srv");
        throw std::runtime_error{"no port"};
    };
    EXPECT_EQ(run({"status"}), 3);
    EXPECT_THAT(out(), HasSubstr("looked at '/srv/just-another-server.pid'"));
    EXPECT_THAT(error(), HasSubstr("warning: cannot load the configuration: no port"));
}

TEST_F(ClientLoadTest, ARunningInstanceMayConfirmThePlace) {
    hooks.on_load = [](Settings&) { throw std::runtime_error{"no port"}; };
    EXPECT_EQ(run({"status"}), 0);
    write_config("{}");
    EXPECT_EQ(run({"status", "--config", "/etc/x.json"}), 4);  // the instance was started without one
    EXPECT_EQ(run({"stop"}), 0);
    EXPECT_EQ(run({"stop"}), 78);  // no instance is left to confirm the place
}

TEST_F(ClientLoadTest, APlaceChosenByTheLoadEventConfirmsNothing) {
    replies["settings"] =
        R"({"settings":{"config":{"value":null,"origin":"not set"},"run-directory":{"value":"/run","origin":"on-load"},"pid-file":{"value":"/run/just-another-server.pid","origin":"follows from the others"}}})";
    hooks.on_load = [](Settings&) { throw std::runtime_error{"no port"}; };
    EXPECT_EQ(run({"stop"}), 78);
}

}  // namespace
}  // namespace servicekit::cli
