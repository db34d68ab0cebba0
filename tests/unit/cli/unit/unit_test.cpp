#include "unit/cli/program_fixture.hpp"

#include <stdexcept>

namespace servicekit::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class UnitTest : public ProgramFixture {
protected:
    UnitTest() {
        daemon.notifies = true;
        daemon.background = false;
        host.users.add_user({.name = "www-data", .uid = 33, .gid = 33, .home = "/var/www"});
        host.users.add_user({.name = "owner", .uid = 1000, .gid = 1000, .home = "/home/owner"});
        host.users.add_group("adm", 4);
    }
    void add_directory(const std::string& path, mode_t permissions, uid_t uid = 0, gid_t gid = 0) {
        host.files.add_directory(path, permissions);
        host.files.set_owner(path, uid, gid);
    }
};

TEST_F(UnitTest, IsForTheRunningProgram) {
    EXPECT_EQ(run({"unit"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("\nType=notify\n"), HasSubstr("\nExecStart=/usr/bin/service run\n")));
    EXPECT_EQ(error(), "");
}

TEST_F(UnitTest, IsForTheProgramWhereItWillBeInstalled) {
    EXPECT_EQ(run({"unit", "--program", "/usr/local/bin/service"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("\nExecStart=/usr/local/bin/service run\n"), HasSubstr("\nProtectHome=yes\n")));
}

TEST_F(UnitTest, SettingsOfAClusterAreOptions) {
    lock.stands_by = true;
    EXPECT_EQ(run({"unit", "--cluster-endpoints", "http://a:2379", "--cluster-ttl", "5"}), 0) << error();
    EXPECT_THAT(out(), AllOf(HasSubstr(" --cluster-endpoints=http://a:2379"), HasSubstr(" --cluster-ttl=5")));
}

TEST_F(UnitTest, TheHardeningFitsThatPlace) {
    EXPECT_EQ(run({"unit", "--program", "/home/alice/service"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("\nExecStart=/home/alice/service run\n"), Not(HasSubstr("ProtectHome=yes"))));
}

TEST_F(UnitTest, TheProgramHasAnAbsolutePath) {
    EXPECT_EQ(run({"unit", "--program", "build/service"}), 64);
    EXPECT_THAT(error(), HasSubstr("--program takes an absolute path, not 'build/service'"));
    EXPECT_EQ(out(), "");
}

TEST_F(UnitTest, IsOfTypeExecForAServiceThatCanOnlyStayInTheForeground) {
    daemon.notifies = false;
    EXPECT_EQ(run({"unit"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("\nType=exec\n"), HasSubstr("\nExecStart=/usr/bin/service run\n")));
}

TEST_F(UnitTest, IsOfTypeForkingForAServiceThatGoesToTheBackground) {
    daemon.notifies = false;
    daemon.background = true;
    EXPECT_EQ(run({"unit", "--log-file", "/var/log/x/log"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("\nType=forking\n"),
                             HasSubstr("\nPIDFile=/run/just-another-server/just-another-server.pid\n"),
                             HasSubstr("\nExecStart=/usr/bin/service start --log-file=/var/log/x/log\n")));
}

TEST_F(UnitTest, TheBackgroundGetsALogFileByDefault) {
    daemon.notifies = false;
    daemon.background = true;
    EXPECT_EQ(run({"unit"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr(" start --log-file=/var/log/just-another-server/just-another-server.log\n"),
                             HasSubstr("\nLogsDirectory=just-another-server\n")));
}

TEST_F(UnitTest, NotifyReloadMustBeRequested) {
    EXPECT_EQ(run({"unit", "--notify-reload"}), 0);
    EXPECT_THAT(out(), HasSubstr("\nType=notify-reload\n"));
}

TEST_F(UnitTest, NotifyReloadNeedsAPolicyThatNotifies) {
    daemon.notifies = false;
    EXPECT_EQ(run({"unit", "--notify-reload"}), 64);
    EXPECT_EQ(out(), "");
}

TEST_F(UnitTest, IncludesTheCommandLineAndTheEnvironment) {
    host.files.add_file("/etc/x.json", R"({"stop-timeout": 3})");
    host.environment.set("JUST_ANOTHER_SERVER_LOG_LEVEL", "debug");
    host.process.set_directory("/etc");
    EXPECT_EQ(run({"unit", "--config", "x.json", "--start-timeout", "2.5", "--no-signal-handlers"}), 0);
    EXPECT_THAT(out(), HasSubstr("\nExecStart=/usr/bin/service run --config=/etc/x.json --log-level=debug "
                                 "--start-timeout=2.5 --no-signal-handlers\n"));
    EXPECT_THAT(out(), AllOf(HasSubstr("\nTimeoutStopSec=8\n"), HasSubstr("\nTimeoutStartSec=7500ms\n")));
}

TEST_F(UnitTest, LetsTheManagerSetUserLimitsAndUmask) {
    EXPECT_EQ(run({"unit", "--user", "www-data", "--group", "adm", "--umask", "027", "--working-directory", "/srv",
                   "--limit-core", "unlimited", "--limit-open-files", "4096"}),
              0);
    EXPECT_THAT(out(), AllOf(HasSubstr("\nUser=www-data\nGroup=adm\nUMask=027\nWorkingDirectory=/srv\n"
                                       "LimitCORE=infinity\nLimitNOFILE=4096\n"),
                             HasSubstr("\nExecStart=/usr/bin/service run\n")));
}

TEST_F(UnitTest, ListsHaveTheFormOfOptions) {
    host.environment.set("JUST_ANOTHER_SERVER_CONTROL_READ", "group:adm,everyone");
    EXPECT_EQ(run({"unit", "--writable", "/srv/a:/srv/b", "--control-operate", "group:adm,user:www-data",
                   "--log-command", "svlogd -t /var/log/x"}),
              0);
    EXPECT_THAT(out(), HasSubstr("\nExecStart=/usr/bin/service run --control-read=group:adm,everyone "
                                 "--control-operate=group:adm,user:www-data "
                                 "\"--log-command=svlogd -t /var/log/x\" --writable=/srv/a:/srv/b\n"));
}

TEST_F(UnitTest, AFlagThatIsOffIsAnOption) {
    host.files.add_file("/etc/x.json", R"({"no-log-copy": true})");
    host.environment.set("JUST_ANOTHER_SERVER_NO_LOG_COPY", "no");
    EXPECT_EQ(run({"unit", "--config", "/etc/x.json"}), 0);
    EXPECT_THAT(out(), HasSubstr(" run --config=/etc/x.json --no-log-copy=false\n"));
}

TEST_F(UnitTest, AnOptionIsUnchanged) {
    EXPECT_EQ(run({"unit", "--log-file", "/srv/a\tb/$x"}), 0);
    EXPECT_THAT(out(),
                AllOf(HasSubstr("\"--log-file=/srv/a\\x09b/$$x\""), HasSubstr("\nReadWritePaths=\"/srv/a\tb\"\n")));
}

TEST_F(UnitTest, AllPathsThatTheServiceWritesAreWritable) {
    host.files.add_file("/etc/x.json",
                        R"({"writable": ["/srv/data"], "stderr": {"path": "/srv/err/x", "mode": "640"}})");
    EXPECT_EQ(run({"unit", "--config", "/etc/x.json", "--stdout", "/srv/out/x", "--crash-directory", "/srv/crashes",
                   "--log-command", "rotatelogs /srv/rotated/log 86400", "--metrics-file", "/srv/node/x.prom"}),
              0);
    EXPECT_THAT(out(), HasSubstr("\nReadWritePaths=/srv/node /srv/crashes /srv/out /srv/err /srv/rotated /srv/data\n"));
}

TEST_F(UnitTest, TerminalsAndOpenDescriptorsNeedNoDirectory) {
    EXPECT_EQ(run({"unit", "--stdout", "/dev/null", "--stderr", "inherit", "--log-file", "/dev/stderr"}), 0);
    EXPECT_THAT(out(), Not(HasSubstr("ReadWritePaths")));
}

TEST_F(UnitTest, AMissingDirectoryIsNamed) {
    EXPECT_EQ(run({"unit", "--log-file", "/srv/x/log", "--user", "www-data"}), 0);
    EXPECT_THAT(out(),
                HasSubstr("\n# '/srv/x' did not exist when this was written. systemd starts no service without it. "
                          "Make it, and give it to 'www-data'.\nReadWritePaths=/srv/x\n"));
}

TEST_F(UnitTest, TheServiceHasTheSocketsGroup) {
    EXPECT_EQ(run({"unit", "--user", "www-data", "--control-group", "adm", "--control-mode", "660"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("\nUser=www-data\n"), HasSubstr("\nSupplementaryGroups=adm\n"),
                             HasSubstr("\nSystemCallFilter=@chown\n"), Not(HasSubstr("\nPrivateUsers="))));
}

TEST_F(UnitTest, IfRootIsNeededTheServiceDropsItsPrivileges) {
    add_directory("/srv/owned", 0755, 33, 33);
    add_directory("/srv/roots", 0755);
    host.files.add_file("/etc/roots.json", "{}", 0600);
    const auto unit_with = [this](std::vector<std::string> options) {
        options.insert(options.begin(), {"unit", "--user", "www-data"});
        const std::size_t before = out().size();
        EXPECT_EQ(run(options), 0);
        return out().substr(before);
    };
    for (const auto& options : std::vector<std::vector<std::string>>{{"--control-owner", "owner"},
                                                                     {"--pid-file", "/run/x.pid"},
                                                                     {"--control-socket", "/run/x.control"},
                                                                     {"--run-directory", "/run"},
                                                                     {"--log-file", "/var/log/x.log"},
                                                                     {"--stdout", "/srv/roots/x"},
                                                                     {"--config", "/etc/roots.json"}})
        EXPECT_THAT(unit_with(options), AllOf(Not(HasSubstr("\nUser=")), HasSubstr(" --user=www-data"),
                                              HasSubstr("\nCapabilityBoundingSet=CAP_CHOWN ")))
            << options.front();
    EXPECT_THAT(unit_with({"--log-file", "/srv/owned/x.log"}), HasSubstr("\nUser=www-data\n"));
}

TEST_F(UnitTest, RootHasTheCapabilitiesThatItsFilesNeed) {
    add_directory("/srv/owned", 0755, 33, 33);
    EXPECT_EQ(run({"unit", "--log-file", "/srv/owned/x.log"}), 0);
    EXPECT_THAT(out(),
                AllOf(HasSubstr("\nCapabilityBoundingSet=CAP_DAC_OVERRIDE\n"), Not(HasSubstr("PrivateUsers=yes"))));
    EXPECT_EQ(run({"unit", "--control-owner", "owner"}), 0);
    EXPECT_THAT(out(), HasSubstr("\nCapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER\n"));
}

TEST_F(UnitTest, DirectoriesBelongToTheUserAfterTheDrop) {
    EXPECT_EQ(run({"unit", "--user", "www-data", "--pid-file", "/run/x.pid", "--log-file", "/var/log/x/y/log"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("\nExecStartPre=+install -d -m 755 -o www-data /var/log/x "
                                       "/var/lib/just-another-server\n"),
                             HasSubstr("\nReadWritePaths=/run -/var/log/x -/var/lib/just-another-server\n"),
                             Not(HasSubstr("\nStateDirectory="))));
}

TEST_F(UnitTest, RelativePathsInTheConfigurationBecomeOptions) {
    host.files.add_file("/srv/x.json", R"({"log-file": "log/x", "run-directory": "./run", "writable": ["data"]})");
    host.process.set_directory("/srv");
    EXPECT_EQ(run({"unit", "--config", "/srv/x.json"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr(" run --run-directory=/srv/run --config=/srv/x.json --log-file=/srv/log/x "
                                       "--writable=/srv/data\n"),
                             HasSubstr("\nWorkingDirectory=/srv\n")));
}

TEST_F(UnitTest, TheProgramsOwnArgumentsComeBeforeTheVerb) {
    host.files.add_file("greeter.lisp", "");
    host.process.set_directory("/srv");
    host.process.set_command_line({"/usr/bin/service", "greeter.lisp", "--fast", "unit", "--log-level", "debug"});
    EXPECT_EQ(run({"unit", "--log-level", "debug"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("\nExecStart=/usr/bin/service /srv/greeter.lisp --fast run --log-level=debug\n"),
                             HasSubstr("\nExecReload=/usr/bin/service /srv/greeter.lisp --fast reload\n")));
}

TEST_F(UnitTest, ADescriptorNotPassedBySystemdIsRefused) {
    EXPECT_EQ(run({"unit", "--ready-fd", "5"}), 64);
    EXPECT_THAT(error(), HasSubstr("'ready-fd'"));
}

TEST_F(UnitTest, ATemplateHasTheInstanceInItsName) {
    options.description = "serves";
    EXPECT_EQ(run({"unit", "--template", "--config", "/etc/x/%i.json", "--log-file", "/var/log/x/%i"}), 0);
    EXPECT_THAT(
        out(), AllOf(HasSubstr("\nExecStart=/usr/bin/service run --name=just-another-server-%i "
                               "--log-file=/var/log/x/%i --config=/etc/x/%i.json\n"),
                     HasSubstr("\nRuntimeDirectory=just-another-server-%i\n"),
                     HasSubstr("\nStateDirectory=just-another-server-%i\n"), HasSubstr("\nDescription=serves (%i)\n")));
}

TEST_F(UnitTest, ASocketTemplateHasASocketForEachInstance) {
    EXPECT_EQ(run({"unit", "--template", "--socket", "--name", "x"}), 0);
    EXPECT_THAT(out(), HasSubstr("\nListenStream=/run/x-%i/x-%i.control\n"));
}

TEST_F(UnitTest, WithoutATemplateAPercentSignIsLiteral) {
    EXPECT_EQ(run({"unit", "--log-file", "/var/log/x/%i"}), 0);
    EXPECT_THAT(out(), HasSubstr("\"--log-file=/var/log/x/%%i\""));
}

TEST_F(UnitTest, AUserManagersUnitHasOnlyWhatItCanApply) {
    host.process.set_effective_user(1000);
    EXPECT_EQ(run({"unit", "--user-manager"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("\nWantedBy=default.target\n"), HasSubstr("\nNoNewPrivileges=yes\n"),
                             HasSubstr("\nRuntimeDirectory=just-another-server\n"), Not(HasSubstr("network.target")),
                             Not(HasSubstr("\nCapabilityBoundingSet")), Not(HasSubstr("\nPrivate")),
                             Not(HasSubstr("\nProtect"))));
}

TEST_F(UnitTest, AUserManagersSocketIsInItsRuntimeDirectory) {
    EXPECT_EQ(run({"unit", "--user-manager", "--socket"}), 0);
    EXPECT_THAT(out(), HasSubstr("\nListenStream=%t/just-another-server/just-another-server.control\n"));
}

TEST_F(UnitTest, AUserManagerCannotRunAsAnotherUser) {
    EXPECT_EQ(run({"unit", "--user-manager", "--user", "www-data"}), 64);
    EXPECT_EQ(out(), "");
    EXPECT_THAT(error(), HasSubstr("all that such a manager starts runs as its user"));
}

TEST_F(UnitTest, AUserManagerCannotUseRootsDirectories) {
    host.process.set_effective_user(1000);
    EXPECT_EQ(run({"unit", "--user-manager", "--pid-file", "/run/x.pid"}), 78);
    EXPECT_THAT(error(), HasSubstr("it has no rights for files in '/run'"));
}

TEST_F(UnitTest, TheManagerCreatesTheRunDirectory) {
    host.environment.set("RUNTIME_DIRECTORY", "/run/of-this-shell");
    EXPECT_EQ(run({"unit"}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("\nRuntimeDirectory=just-another-server\n"), Not(HasSubstr("this-shell")),
                             Not(HasSubstr("ReadWritePaths"))));
}

TEST_F(UnitTest, ARunDirectoryElsewhereIsMadeWritable) {
    EXPECT_EQ(run({"unit", "--run-directory", "/srv/run", "--log-file", "/srv/log/x.log"}), 0);
    EXPECT_THAT(out(), AllOf(Not(HasSubstr("RuntimeDirectory")), HasSubstr("\nReadWritePaths=/srv/run /srv/log\n")));
}

TEST_F(UnitTest, TheManagerCreatesALogDirectoryBelowVarLog) {
    EXPECT_EQ(run({"unit", "--log-file", "/var/log/just-another-server/log"}), 0);
    EXPECT_THAT(out(), HasSubstr("\nLogsDirectory=just-another-server\n"));
}

TEST_F(UnitTest, ADirectoryThatSystemdCannotCreateIsOnlyWritable) {
    EXPECT_EQ(run({"unit", "--log-file", "/var/log/two words/log"}), 0);
    EXPECT_THAT(out(), AllOf(Not(HasSubstr("LogsDirectory")), HasSubstr("\nReadWritePaths=\"/var/log/two words\"\n")));
}

TEST_F(UnitTest, ALogDirectlyInVarLogIsAllowed) {
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

TEST_F(UnitTest, TheSocketHasTheAccessOfTheSettings) {
    host.files.add_file("/etc/x.json", R"({"control-mode": "660", "control-group": "adm"})");
    EXPECT_EQ(run({"unit", "--socket", "--config", "/etc/x.json", "--user", "www-data"}), 0);
    EXPECT_THAT(out(), HasSubstr("\nSocketMode=0660\nSocketUser=www-data\nSocketGroup=adm\n"));
    EXPECT_EQ(run({"unit", "--socket", "--control-owner", "owner", "--user", "www-data"}), 0);
    EXPECT_THAT(out(), HasSubstr("\nSocketMode=0600\nSocketUser=owner\n"));
}

TEST_F(UnitTest, APathThatAUnitCannotExpressIsRefused) {
    EXPECT_EQ(run({"unit", "--log-file", "/srv/a\nb/log"}), 78);
    EXPECT_EQ(out(), "");
    EXPECT_THAT(error(), HasSubstr("a unit of systemd can't express it"));
}

TEST_F(UnitTest, AWrongConfigurationPrintsNoUnit) {
    hooks.on_load = [](Settings&) { throw std::runtime_error("no port"); };
    EXPECT_EQ(run({"unit"}), 78);
    EXPECT_EQ(out(), "");
}

}  // namespace
}  // namespace servicekit::cli
