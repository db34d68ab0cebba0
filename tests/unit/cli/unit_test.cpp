#include "unit/cli/program_fixture.hpp"

#include <stdexcept>

namespace servicekit::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class UnitTest : public ProgramFixture {
protected:
    UnitTest() { daemon.notifies = true; }
};

TEST_F(UnitTest, IsForTheProgramThatRuns) {
    EXPECT_EQ(run({"unit"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("\nType=notify\n"), HasSubstr("\nExecStart=/usr/bin/service run\n")));
    EXPECT_EQ(error(), "");
}

TEST_F(UnitTest, IsOfTypeExecWhereThePolicyTellsSystemdNothing) {
    daemon.notifies = false;
    EXPECT_EQ(run({"unit"}), 0);
    EXPECT_THAT(out(), HasSubstr("\nType=exec\n"));
}

TEST_F(UnitTest, NotifyReloadIsForThoseWhoAskForIt) {
    EXPECT_EQ(run({"unit", "--notify-reload"}), 0);
    EXPECT_THAT(out(), HasSubstr("\nType=notify-reload\n"));
}

TEST_F(UnitTest, NotifyReloadNeedsAPolicyThatTells) {
    daemon.notifies = false;
    EXPECT_EQ(run({"unit", "--notify-reload"}), 64);
    EXPECT_EQ(out(), "");
}

TEST_F(UnitTest, TakesOverWhatTheCommandLineAndTheEnvironmentSay) {
    host.files.add_file("/etc/x.json", R"({"stop-timeout": 3})");
    host.environment.set("JUST_ANOTHER_SERVER_LOG_LEVEL", "debug");
    host.process.set_directory("/etc");
    EXPECT_EQ(run({"unit", "--config", "x.json", "--start-timeout", "2.5", "--no-signal-handlers"}), 0);
    EXPECT_THAT(out(), HasSubstr("\nExecStart=/usr/bin/service run --config=/etc/x.json --log-level=debug "
                                 "--start-timeout=2.5 --no-signal-handlers\n"));
    EXPECT_THAT(out(), AllOf(HasSubstr("\nTimeoutStopSec=8\n"), HasSubstr("\nTimeoutStartSec=7500ms\n")));
}

TEST_F(UnitTest, LeavesToTheManagerWhatThatDoesBetter) {
    EXPECT_EQ(run({"unit", "--user", "www-data", "--group", "adm", "--umask", "027", "--working-directory", "/srv"}),
              0);
    EXPECT_THAT(out(), AllOf(HasSubstr("\nUser=www-data\nGroup=adm\nUMask=027\nWorkingDirectory=/srv\n"),
                             HasSubstr("\nExecStart=/usr/bin/service run\n")));
}

TEST_F(UnitTest, TheRunDirectoryIsTheManagersToMake) {
    host.environment.set("RUNTIME_DIRECTORY", "/run/of-this-shell");
    EXPECT_EQ(run({"unit"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("\nRuntimeDirectory=just-another-server\n"), Not(HasSubstr("this-shell")),
                             Not(HasSubstr("ReadWritePaths"))));
}

TEST_F(UnitTest, ARunDirectoryElsewhereIsMadeWritable) {
    EXPECT_EQ(run({"unit", "--run-directory", "/srv/run", "--log-file", "/srv/log/x.log"}), 0);
    EXPECT_THAT(out(), AllOf(Not(HasSubstr("RuntimeDirectory")), HasSubstr("\nReadWritePaths=/srv/run /srv/log\n")));
}

TEST_F(UnitTest, ALogBelowVarLogHasItsFolderMade) {
    EXPECT_EQ(run({"unit", "--log-file", "/var/log/just-another-server/log"}), 0);
    EXPECT_THAT(out(), HasSubstr("\nLogsDirectory=just-another-server\n"));
}

TEST_F(UnitTest, AFolderThatSystemdCannotMakeIsOnlyMadeWritable) {
    EXPECT_EQ(run({"unit", "--log-file", "/var/log/two words/log"}), 0);
    EXPECT_THAT(out(), AllOf(Not(HasSubstr("LogsDirectory")), HasSubstr("\nReadWritePaths=\"/var/log/two words\"\n")));
}

TEST_F(UnitTest, ALogInVarLogItselfIsWrittenThere) {
    EXPECT_EQ(run({"unit", "--log-file", "/var/log/x.log"}), 0);
    EXPECT_THAT(out(), AllOf(Not(HasSubstr("LogsDirectory")), HasSubstr("\nReadWritePaths=/var/log\n")));
}

TEST_F(UnitTest, TheSocketUnitHasTheSocketOfTheServiceUnit) {
    EXPECT_EQ(run({"unit", "--socket"}), 0);
    EXPECT_THAT(out(), HasSubstr("\nListenStream=/run/just-another-server/just-another-server.control\n"));
}

TEST_F(UnitTest, TheSocketCanBeElsewhere) {
    EXPECT_EQ(run({"unit", "--socket", "--control-socket", "/run/x.control"}), 0);
    EXPECT_THAT(out(), HasSubstr("\nListenStream=/run/x.control\n"));
}

TEST_F(UnitTest, AConfigurationThatIsWrongGivesNone) {
    hooks.on_load = [](Settings&) { throw std::runtime_error("no port"); };
    EXPECT_EQ(run({"unit"}), 78);
    EXPECT_EQ(out(), "");
}

}  // namespace
}  // namespace servicekit::cli
