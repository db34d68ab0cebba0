#include "cli/unit/unit_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace servicekit::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

ServiceUnit trial() {
    return {.name = "trial",
            .type = ServiceUnit::Type::notify,
            .program = "/usr/bin/trial",
            .pid_file = "/run/trial/trial.pid",
            .runtime_directories = {"trial"},
            .state_directories = {"trial"}};
}

std::string text_of(const auto& unit) { return to_text(unit).value(); }

TEST(UnitArgumentTest, IsUnchangedIfPossible) {
    EXPECT_EQ(unit_argument("--config=/etc/trial.json"), "--config=/etc/trial.json");
}

TEST(UnitArgumentTest, IsQuotedIfItWouldBeSplit) {
    EXPECT_EQ(unit_argument("two words"), "\"two words\"");
    EXPECT_EQ(unit_argument(""), "\"\"");
    EXPECT_EQ(unit_argument(";"), "\";\"");
    EXPECT_EQ(unit_argument("a\"b\\c"), "\"a\\\"b\\\\c\"");
    EXPECT_EQ(unit_argument("a\nb\tc"), "\"a\\x0ab\\x09c\"");
    EXPECT_EQ(unit_argument("\xE4\u20AC"), "\"\\xe4\u20AC\"");
}

TEST(UnitArgumentTest, NothingInItIsExpanded) {
    EXPECT_EQ(unit_argument("100%n"), "\"100%%n\"");
    EXPECT_EQ(unit_argument("$HOME"), "\"$$HOME\"");
}

TEST(UnitPathTest, OnlySpecifiersAreExpanded) { EXPECT_EQ(unit_path("/srv/$HOME/100%"), "/srv/$HOME/100%%"); }

TEST(UnitPathTest, IsQuotedIfItWouldBeSplit) {
    EXPECT_EQ(unit_path("/two words"), "\"/two words\"");
    EXPECT_EQ(unit_path("/a\tb"), "\"/a\tb\"");
    EXPECT_EQ(unit_path("/a\"b\\c"), "\"/a\\\"b\\\\c\"");
}

TEST(UnitPathTest, HasNoCharacterEscapes) {
    EXPECT_EQ(unit_path("/a\nb"), std::nullopt);
    EXPECT_EQ(unit_path("/a\xE4"), std::nullopt);
}

TEST(UnitFileTest, AServiceThatHasLostItsLockIsStartedAgain) {
    ServiceUnit unit = trial();
    EXPECT_THAT(text_of(unit), Not(HasSubstr("RestartForceExitStatus")));
    unit.can_lose_lock = true;
    EXPECT_THAT(text_of(unit), HasSubstr("\nRestartForceExitStatus=75\n"));
}

TEST(UnitFileTest, AForkingServiceThatIsReadyWhenActiveHasNoLimitForItsStart) {
    ServiceUnit unit = trial();
    unit.type = ServiceUnit::Type::forking;
    unit.can_lose_lock = unit.waits_for_lock = true;
    EXPECT_THAT(text_of(unit), HasSubstr("\nTimeoutStartSec=infinity\n"));
}

TEST(UnitFileTest, ANotifyingServiceHasAWatchdogWithoutACleanStop) {
    EXPECT_THAT(text_of(trial()), AllOf(HasSubstr("\nType=notify\n"), HasSubstr("\nWatchdogSec=30\n"),
                                        HasSubstr("\nWatchdogSignal=SIGQUIT\n")));
}

TEST(UnitFileTest, AServiceThatDoesNotNotifyHasNoWatchdog) {
    ServiceUnit unit = trial();
    unit.type = ServiceUnit::Type::exec;
    EXPECT_THAT(text_of(unit), AllOf(HasSubstr("\nType=exec\n"), Not(HasSubstr("Watchdog"))));
}

TEST(UnitFileTest, WithoutNotificationItHasTheMaximumTimeout) {
    ServiceUnit unit = trial();
    unit.extended_timeout = 600s;
    unit.type = ServiceUnit::Type::exec;
    EXPECT_THAT(text_of(unit), AllOf(HasSubstr("\nTimeoutStartSec=605\n"), HasSubstr("\nTimeoutStopSec=605\n")));
    unit.type = ServiceUnit::Type::forking;
    EXPECT_THAT(text_of(unit), AllOf(HasSubstr("\nTimeoutStartSec=610\n"), HasSubstr("\nTimeoutStopSec=605\n")));
}

TEST(UnitFileTest, AStoppedStartIsNotAFailure) {
    EXPECT_THAT(text_of(trial()),
                AllOf(HasSubstr("\nSuccessExitStatus=75 143 SIGTERM\n"), Not(HasSubstr("RestartForce"))));
    ServiceUnit unit = trial();
    unit.type = ServiceUnit::Type::exec;
    EXPECT_THAT(text_of(unit), HasSubstr("\nRestartForceExitStatus=75\n"));
}

TEST(UnitFileTest, ADollarInTheProgramsPathIsLiteral) {
    ServiceUnit unit = trial();
    unit.program = "/opt/$x/trial";
    EXPECT_THAT(text_of(unit), HasSubstr("\nExecStart=@/opt/$x/trial \"/opt/$$x/trial\" run\n"));
}

TEST(UnitFileTest, OmitsALineOnlyWithAReason) {
    ServiceUnit unit = trial();
    EXPECT_THAT(text_of(unit), AllOf(HasSubstr("\nMemoryDenyWriteExecute=yes\n"), HasSubstr("\nPrivateUsers=yes\n"),
                                     HasSubstr("\nCapabilityBoundingSet=\n")));
    unit.is_lisp = true;
    unit.tells_peers_apart = true;
    EXPECT_THAT(text_of(unit),
                AllOf(HasSubstr("\n# No MemoryDenyWriteExecute=: "), HasSubstr("\n# No PrivateUsers=: ")));
}

TEST(UnitFileTest, AnUnquotedValueCannotEndWithBlanks) {
    ServiceUnit unit = trial();
    unit.working_directory = "/srv/x ";
    EXPECT_EQ(to_text(unit).error().exit_code, ExitCode::configuration);
}

TEST(UnitFileTest, ReloadsByTheVerbWhichReportsErrors) {
    ServiceUnit unit = trial();
    unit.options = {"--config=/etc/trial.json"};
    EXPECT_THAT(text_of(unit), AllOf(HasSubstr("\nExecStart=/usr/bin/trial run --config=/etc/trial.json\n"),
                                     HasSubstr("\nExecReload=/usr/bin/trial reload --config=/etc/trial.json\n")));
}

TEST(UnitFileTest, WithoutAControlSocketItReloadsByASignal) {
    ServiceUnit unit = trial();
    unit.has_control = false;
    EXPECT_THAT(text_of(unit), HasSubstr("\nExecReload=kill -HUP $MAINPID\n"));
    unit.has_signals = false;
    EXPECT_THAT(text_of(unit), Not(HasSubstr("ExecReload")));
}

TEST(UnitFileTest, WithNotifyReloadTheManagerReloads) {
    ServiceUnit unit = trial();
    unit.type = ServiceUnit::Type::notify_reload;
    EXPECT_THAT(text_of(unit), AllOf(HasSubstr("\nType=notify-reload\n"), Not(HasSubstr("ExecReload"))));
}

TEST(UnitFileTest, RestartsAfterFailuresThatARestartMayFix) {
    EXPECT_THAT(text_of(trial()),
                AllOf(HasSubstr("\nRestart=on-failure\n"), HasSubstr("\nRestartPreventExitStatus=64 69 77 78\n")));
}

TEST(UnitFileTest, TheServicesLimitsExpireBeforeTheManagers) {
    ServiceUnit unit = trial();
    unit.start_timeout = 60s;
    unit.stop_timeout = 2500ms;
    EXPECT_THAT(text_of(unit), AllOf(HasSubstr("\nTimeoutStartSec=65\n"), HasSubstr("\nTimeoutStopSec=7500ms\n")));
}

TEST(UnitFileTest, IsHardened) {
    for (const char* line :
         {"NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "RestrictSUIDSGID=yes",
          "ProtectProc=invisible", "RuntimeDirectory=trial", "StateDirectory=trial"})
        EXPECT_THAT(text_of(trial()), HasSubstr("\n" + std::string{line} + "\n"));
}

TEST(UnitFileTest, SeesItsFilesBelowHomeAndTmp) {
    ServiceUnit unit = trial();
    unit.program = "/home/me/bin/trial";
    unit.writable_paths = {"/tmp/two words", "/srv"};
    EXPECT_THAT(text_of(unit), AllOf(HasSubstr("\nProtectHome=read-only\n"), Not(HasSubstr("PrivateTmp")),
                                     HasSubstr("\nReadWritePaths=\"/tmp/two words\" /srv\n")));
    unit = trial();
    unit.paths = {"/homeward/x"};
    EXPECT_THAT(text_of(unit), HasSubstr("\nProtectHome=yes\n"));
}

TEST(UnitFileTest, OmitsUnsetValues) {
    EXPECT_THAT(text_of(trial()), AllOf(Not(HasSubstr("User=")), Not(HasSubstr("Group=")), Not(HasSubstr("UMask=")),
                                        Not(HasSubstr("WorkingDirectory=")), Not(HasSubstr("LogsDirectory=")),
                                        HasSubstr("Description=trial\n")));
}

TEST(UnitFileTest, AnyDescriptionIsOneLine) {
    ServiceUnit unit = trial();
    unit.description = "100% fine\nExecStart=/bin/evil";
    EXPECT_THAT(text_of(unit), HasSubstr("Description=100%% fine ExecStart=/bin/evil\n"));
}

TEST(UnitFileTest, ASocketUnitNamesTheControlSocket) {
    const std::string text = text_of(
        SocketUnit{.name = "trial", .control_socket = "/run/trial/trial.control", .user = "www-data", .group = "adm"});
    for (const char* line : {"ListenStream=/run/trial/trial.control", "FileDescriptorName=control", "SocketMode=0600",
                             "SocketUser=www-data", "SocketGroup=adm", "WantedBy=sockets.target"})
        EXPECT_THAT(text, HasSubstr("\n" + std::string{line} + "\n"));
}

}  // namespace
}  // namespace servicekit::cli
