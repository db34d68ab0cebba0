#include <string>
#include <vector>

#include "servicekit/base/json.hpp"
#include "unit/cli/program_fixture.hpp"

namespace own_settings_test {

using servicekit::Schema;
using ::testing::AllOf, ::testing::ContainsRegex, ::testing::EndsWith, ::testing::HasSubstr, ::testing::Not;

struct Store {
    std::string path = "/srv";
    bool is_synced = false;
};

void describe(Schema<Store>& config) {
    config.add("path", &Store::path);
    config.add("sync", &Store::is_synced, "write through");
}

struct Config {
    std::uint16_t port = 8080;
    std::string mode = "fast";
    std::string password;
    Store store;
    std::vector<std::string> hosts;
};

void describe(Schema<Config>& config) {
    config.add("port", &Config::port, "the TCP port", {.needs_restart = true, .option = "port"});
    config.add("mode", &Config::mode, "", {.choices = {"fast", "safe"}});
    config.add("password", &Config::password, "", {.secret = true});
    config.add("store", &Config::store);
    config.add("hosts", &Config::hosts);
}

/// The keys of a program's own configuration, from the operator's view.
class OwnSettingsTest : public servicekit::cli::ProgramFixture {
protected:
    OwnSettingsTest() {
        auto schema = std::make_shared<Schema<Config>>();
        describe(*schema);
        own = schema;
    }
    void configure(const std::string& app) { host.files.add_file("/etc/x.json", R"({"app": )" + app + "}"); }
};

TEST_F(OwnSettingsTest, APositionalKeyNeedsNoOption) {
    auto schema = std::make_shared<Schema<Config>>();
    schema->add("mode", &Config::mode, "how", {.positional = true});
    schema->add("port", &Config::port, "", {.option = "port", .positional = true});
    own = schema;
    EXPECT_EQ(run({"where", "safe", "9", "--json"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr(R"("value":"safe","origin":"command-line")"), HasSubstr(R"("value":9)")));
    EXPECT_EQ(run({"check", "safe", "--app.mode", "fast"}), 64);
    EXPECT_THAT(error(), HasSubstr("MODE is given twice, as 'safe' and with --app.mode"));
    EXPECT_EQ(run({"check", "safe", "many"}), 64);
    EXPECT_EQ(run({"check", "safe", "1", "2"}), 64);
    EXPECT_THAT(error(), HasSubstr("unexpected argument '2'"));
    EXPECT_EQ(run({"check", "--help"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("MODE"), HasSubstr("PORT")));
    EXPECT_EQ(run({"unit", "safe"}), 0);
    EXPECT_THAT(out(), HasSubstr("--app.mode=safe"));
}

TEST_F(OwnSettingsTest, AreInTheHelpWithTheirDefaults) {
    EXPECT_EQ(run({"--help"}), 0);
    EXPECT_THAT(out(), HasSubstr("\nThis service:\n"
                                 "  --port N                     the TCP port (default: 8080)\n"
                                 "  --app.mode TEXT              default: fast\n"
                                 "  --app.store.path TEXT        default: /srv\n"
                                 "  --app.store.sync             write through\n"
                                 "  --app.hosts LIST             \n"));
    EXPECT_THAT(out(), EndsWith("JUST_ANOTHER_SERVER_APP_PORT is /app/port.\n"));
    EXPECT_EQ(run({"start", "--help"}), 0);
    EXPECT_THAT(out(), ContainsRegex("--app.mode TEXT +default: fast"));
}

TEST_F(OwnSettingsTest, TheCommandLineOverridesTheEnvironmentAndTheFile) {
    configure(R"({"port": 80, "mode": "safe", "store": {"path": "/a", "sync": true}})");
    host.environment.set("JUST_ANOTHER_SERVER_APP_PORT", "81");
    host.environment.set("JUST_ANOTHER_SERVER_APP_STORE__PATH", "/b");
    EXPECT_EQ(run({"where", "--config", "/etc/x.json", "--port", "82", "--app.hosts", "a,b"}), 0);
    EXPECT_THAT(out(), ContainsRegex("app.port +82 +command-line\n"));
    EXPECT_THAT(out(), ContainsRegex("app.mode +safe +config-file\n"));
    EXPECT_THAT(out(), ContainsRegex("app.store.path +/b +environment\n"));
    EXPECT_THAT(out(), ContainsRegex("app.store.sync +true +config-file\n"));
    EXPECT_THAT(out(), ContainsRegex("app.hosts +\\[\"a\",\"b\"\\] +command-line\n"));
}

TEST_F(OwnSettingsTest, AreRefusedWithTheirOrigin) {
    EXPECT_EQ(run({"check", "--port", "many"}), 64);
    EXPECT_THAT(error(),
                HasSubstr("cannot use '--port': /app/port: expected an integer from 0 to 65535, found a string"));
    EXPECT_EQ(run({"check", "--app.mode=slow"}), 64);
    EXPECT_THAT(error(), HasSubstr("expected one of 'fast', 'safe', found \"slow\""));
    EXPECT_EQ(run({"check", "--app.mdoe=fast"}), 64);
    EXPECT_THAT(error(), HasSubstr("there is no option '--app.mdoe'; did you mean '--app.mode'?"));
    host.environment.set("JUST_ANOTHER_SERVER_APP_STORE__SYNC", "maybe");
    EXPECT_EQ(run({"check"}), 78);
    EXPECT_THAT(error(),
                HasSubstr("cannot use 'JUST_ANOTHER_SERVER_APP_STORE__SYNC': /app/store/sync: expected true or "
                          "false, found a string"));
    configure(R"({"store": {"pth": "/"}})");
    EXPECT_EQ(run({"check", "--config", "/etc/x.json"}), 78);
}

TEST_F(OwnSettingsTest, ASecretIsRefusedOnTheCommandLine) {
    EXPECT_EQ(run({"start", "--app.password", "x"}), 64);
    EXPECT_THAT(error(),
                HasSubstr("'--app.password' is a secret, and every user of the machine sees a command line; set "
                          "it in the config file or as JUST_ANOTHER_SERVER_APP_PASSWORD"));
    host.environment.set("JUST_ANOTHER_SERVER_APP_PASSWORD", "hunter2");
    EXPECT_EQ(run({"where"}), 0);
    EXPECT_THAT(out(), AllOf(ContainsRegex("app.password +\\*\\*\\* +environment\n"), Not(HasSubstr("hunter2"))));
}

TEST_F(OwnSettingsTest, AMisspelledVariableIsAWarning) {
    host.environment.set("JUST_ANOTHER_SERVER_APP_PRT", "1");
    EXPECT_EQ(run({"check"}), 0);
    EXPECT_THAT(error(), HasSubstr("did you mean 'JUST_ANOTHER_SERVER_APP_PORT'?"));
}

TEST_F(OwnSettingsTest, AVerbForARunningServiceIgnoresAWrongKey) {
    configure(R"({"prot": 1})");
    start_instance();
    replies["status"] = R"({"state":"running","pid":7000})";
    EXPECT_EQ(run({"status", "--config", "/etc/x.json"}), 0);
    EXPECT_THAT(error(), HasSubstr("warning: cannot use the configuration: /etc/x.json: /app/prot: unknown key"));
}

TEST_F(OwnSettingsTest, AVerbForARunningServiceNeedsNoRequiredKey) {
    auto schema = std::make_shared<Schema<Config>>();
    schema->add("mode", &Config::mode, "how", {.required = true});
    own = schema;
    start_instance();
    replies["status"] = R"({"state":"running","pid":7000})";
    EXPECT_EQ(run({"status"}), 0);
    EXPECT_EQ(error(), "");
    EXPECT_EQ(run({"check"}), 78);
    EXPECT_THAT(error(), HasSubstr("/app/mode: missing"));
}

TEST_F(OwnSettingsTest, AVerbWorksWithoutAVariableOfTheService) {
    options.expands_variables = true;
    configure(R"({"mode": "${SERVICE_MODE}"})");
    start_instance();
    replies["status"] = R"({"state":"running","pid":7000})";
    EXPECT_EQ(run({"status", "--config", "/etc/x.json"}), 0);
    EXPECT_THAT(error(), HasSubstr("warning: cannot use the configuration"));
    EXPECT_EQ(run({"check", "--config", "/etc/x.json"}), 78);
}

TEST_F(OwnSettingsTest, AUnitContainsTheGivenKeys) {
    EXPECT_EQ(run({"unit", "--port", "81", "--app.hosts=[\"a b\"]"}), 0);
    EXPECT_THAT(out(), HasSubstr("--port=81"));
    EXPECT_THAT(out(), HasSubstr("--app.hosts="));
    host.environment.set("JUST_ANOTHER_SERVER_APP_PASSWORD", "hunter2");
    EXPECT_EQ(run({"unit"}), 78);
    EXPECT_THAT(error(), HasSubstr("everybody may read a unit"));
}

TEST_F(OwnSettingsTest, AreInTheSchemaOfTheConfigFile) {
    EXPECT_EQ(run({"check", "--schema"}), 0);
    EXPECT_THAT(
        out(),
        HasSubstr(
            R"("app":{"type":"object","properties":{"port":{"type":"integer","description":"the TCP port","minimum":0,"maximum":65535,"default":8080},"mode":{"type":"string","enum":["fast","safe"],"default":"fast"},"password":{"type":"string"},"store":{"type":"object","properties":{"path":{"type":"string","default":"/srv"},"sync":{"type":"boolean","description":"write through","default":false}},"additionalProperties":false},"hosts":{"type":"array","default":[]}},"additionalProperties":false})"));
}

TEST_F(OwnSettingsTest, AKeyCannotHaveTheNameOfAVerbsOption) {
    struct Clash {
        int timeout = 0;
    };
    auto schema = std::make_shared<Schema<Clash>>();
    schema->add("timeout", &Clash::timeout, "", {.option = "timeout"});
    own = schema;
    EXPECT_EQ(run({"status"}), 70);
    EXPECT_THAT(error(), HasSubstr("cannot give the option --timeout to '/app/timeout': it is an option of a verb"));
}

TEST_F(OwnSettingsTest, AreCompleted) {
    EXPECT_EQ(run({"complete", "--", "start", "--app.m"}), 0);
    EXPECT_THAT(out(), HasSubstr("--app.mode\t"));
    EXPECT_EQ(run({"complete", "--", "start", "--app.mode", ""}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("fast\t"), HasSubstr("safe\t")));
    EXPECT_THAT(out(), Not(HasSubstr("password")));
}

}  // namespace own_settings_test
