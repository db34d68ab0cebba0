#include "unit/cli/program_fixture.hpp"

#include <cerrno>
#include <stdexcept>

namespace servicekit::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class ProgramTest : public ProgramFixture {};

TEST_F(ProgramTest, HandlesACommandLineWithoutAVerb) {
    EXPECT_EQ(run({}), 64);
    EXPECT_THAT(error(), StartsWith("Usage: just-another-server VERB"));
    EXPECT_EQ(run({"--version"}), 0);
    EXPECT_THAT(out(), StartsWith("just-another-server 1.0 (servicekit "));
}

TEST_F(ProgramTest, NamesAServiceAfterItsProgramByDefault) {
    options = {};
    EXPECT_EQ(run({"--version"}), 0);
    EXPECT_THAT(out(), StartsWith("just-another-server (servicekit "));
}

TEST_F(ProgramTest, ReportsTheExceptionOfTheService) {
    hooks.on_load = [](Settings&) { throw std::runtime_error("no port"); };
    EXPECT_EQ(run({"check"}), 78);
    EXPECT_THAT(error(),
                AllOf(StartsWith("just-another-server: cannot load the configuration: "), HasSubstr("no port")));
}

TEST_F(ProgramTest, RefusesToStartAForegroundOnlyService) {
    daemon.background = false;
    for (const char* verb : {"start", "restart"}) EXPECT_EQ(run({verb}), 64);
    EXPECT_THAT(error(), HasSubstr("use 'just-another-server run'"));
}

TEST_F(ProgramTest, StartsNothingWithWrongSettings) {
    for (const char* verb : {"start", "run", "restart", "check"}) EXPECT_EQ(run({verb, "--umask", "9"}), 64);
    host.environment.set("JUST_ANOTHER_SERVER_UMASK", "9");
    for (const char* verb : {"start", "run", "restart", "check"}) EXPECT_EQ(run({verb}), 78);
    EXPECT_THAT(error(), HasSubstr("cannot use 'JUST_ANOTHER_SERVER_UMASK': "));
    EXPECT_EQ(daemon.entered, 0);
}

TEST_F(ProgramTest, ReportsARunningService) {
    start_instance();
    EXPECT_EQ(run({"start"}), 69);
    EXPECT_THAT(error(), HasSubstr("already running (pid 7000)"));
}

TEST_F(ProgramTest, ChecksTheConfiguration) {
    EXPECT_EQ(run({"check"}), 0);
    EXPECT_EQ(out(), "just-another-server: the configuration is fine\n");
    host.files.add_file("/etc/x.json", R"({"log-levle": "debug"})");
    EXPECT_EQ(run({"check", "--config", "/etc/x.json"}), 78);
    EXPECT_THAT(error(), HasSubstr("log-levle"));
    EXPECT_EQ(run({"check", "--user", "nobody-here"}), 78);
    EXPECT_EQ(run({"check", "--group", "nobody-here"}), 78);
    EXPECT_EQ(run({"check", "--user", "4000"}), 78);
}

TEST_F(ProgramTest, ChecksThatFilesCanBeMade) {
    log.opens = {"/var/log/missing/x.log"};
    EXPECT_EQ(run({"check"}), 78);
    EXPECT_THAT(error(), HasSubstr("cannot log to '/var/log/missing/x.log': '/var/log/missing' does not exist\n"));
    host.files.add_directory("/var/log/missing");
    EXPECT_EQ(run({"check"}), 0);
    EXPECT_EQ(run({"check", "--stdout", "/nowhere/out"}), 78);
    EXPECT_EQ(run({"check", "--pid-file", "/nowhere/x.pid"}), 78);
    EXPECT_EQ(run({"check", "--working-directory", "/nowhere"}), 78);
    // A path that this user may not access may exist.
    host.files.failures.fail_always("status", EACCES, "/nowhere/x.pid");
    EXPECT_EQ(run({"check", "--pid-file", "/nowhere/x.pid"}), 0);
}

TEST_F(ProgramTest, WarnsAboutAVariableSimilarToASetting) {
    host.environment.set("JUST_ANOTHER_SERVER_LOG_LEVLE", "debug");
    EXPECT_EQ(run({"check"}), 0);
    EXPECT_EQ(run({"status"}), 3);
    EXPECT_THAT(error(),
                HasSubstr("warning: cannot use 'JUST_ANOTHER_SERVER_LOG_LEVLE': there is no such setting; did you "
                          "mean 'JUST_ANOTHER_SERVER_LOG_LEVEL'?\n"));
}

TEST_F(ProgramTest, ClientVerbsLoadAsClients) {
    std::vector<bool> loads;
    hooks.on_load = [&](Settings& settings) { loads.push_back(settings.is_client()); };
    run({"status"});
    run({"check"});
    EXPECT_THAT(loads, ElementsAre(true, false));
}

TEST_F(ProgramTest, WarnsAClientAboutAWrongConfigurationAndGoesOn) {
    start_instance();
    host.environment.set("JUST_ANOTHER_SERVER_UMASK", "9");
    hooks.on_load = [](Settings& settings) {
        settings.set(setting::run_directory, "/run");
        throw std::runtime_error("no port");
    };
    EXPECT_EQ(run({"pid"}), 0);
    EXPECT_EQ(out(), "7000\n");
    EXPECT_THAT(error(), HasSubstr("just-another-server: warning: cannot use 'JUST_ANOTHER_SERVER_UMASK': "));
    EXPECT_THAT(error(), HasSubstr("just-another-server: warning: cannot load the configuration: "));
}

TEST_F(ProgramTest, SendsNoClientToAnUnintendedService) {
    start_instance();
    EXPECT_EQ(run({"stop", "--name", "a/b"}), 64);
    EXPECT_THAT(instance->requests, IsEmpty());
}

TEST_F(ProgramTest, NamesTheIntendedService) {
    EXPECT_EQ(run({"pid", "--name", "second"}), 3);
    EXPECT_THAT(error(), StartsWith("second: not running; looked at '/run/second.pid', "));
}

TEST_F(ProgramTest, OutputThatCannotBeWrittenIsAFailure) {
    host.streams.failures.fail_always("write_within", ENOSPC);
    for (const char* verb : {"--help", "where", "check"}) EXPECT_EQ(run({verb}), 71) << verb;
    EXPECT_THAT(error(), StartsWith("just-another-server: cannot write to 'stdout': No space left on device\n"));
    host.streams.failures.succeed_again("write_within");
    host.streams.failures.fail_always("write_within", EPIPE);
    EXPECT_EQ(run({"--help"}), 0) << "who read it has read enough";
}

}  // namespace
}  // namespace servicekit::cli
