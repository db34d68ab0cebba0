#include "cli/unit_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace servicekit::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

ServiceUnit trial() {
    return {
        .name = "trial", .type = ServiceUnit::Type::notify, .program = "/usr/bin/trial", .runtime_directory = "trial"};
}

TEST(UnitArgumentTest, IsLeftAsItIsWhereItCan) {
    EXPECT_EQ(unit_argument("--config=/etc/trial.json"), "--config=/etc/trial.json");
}

TEST(UnitArgumentTest, IsQuotedWhereItWouldBeTakenApart) {
    EXPECT_EQ(unit_argument("two words"), "\"two words\"");
    EXPECT_EQ(unit_argument(""), "\"\"");
    EXPECT_EQ(unit_argument(";"), "\";\"");
    EXPECT_EQ(unit_argument("a\"b\\c"), "\"a\\\"b\\\\c\"");
    EXPECT_EQ(unit_argument("a\nb"), "\"a\\x0ab\"");
}

TEST(UnitArgumentTest, NothingInItIsExpanded) {
    EXPECT_EQ(unit_argument("100%n"), "\"100%%n\"");
    EXPECT_EQ(unit_argument("$HOME"), "\"$$HOME\"");
}

TEST(UnitFileTest, AServiceThatNotifiesHasAWatchdogThatDoesNotAskForACleanStop) {
    EXPECT_THAT(to_text(trial()), AllOf(HasSubstr("\nType=notify\n"), HasSubstr("\nWatchdogSec=30\n"),
                                        HasSubstr("\nWatchdogSignal=SIGQUIT\n")));
}

TEST(UnitFileTest, AServiceThatDoesNotHasNone) {
    ServiceUnit unit = trial();
    unit.type = ServiceUnit::Type::exec;
    EXPECT_THAT(to_text(unit), AllOf(HasSubstr("\nType=exec\n"), Not(HasSubstr("Watchdog"))));
}

TEST(UnitFileTest, ReloadsByTheVerbWhichTellsOfABadConfiguration) {
    ServiceUnit unit = trial();
    unit.options = {"--config=/etc/trial.json"};
    EXPECT_THAT(to_text(unit), AllOf(HasSubstr("\nExecStart=/usr/bin/trial run --config=/etc/trial.json\n"),
                                     HasSubstr("\nExecReload=/usr/bin/trial reload --config=/etc/trial.json\n")));
}

TEST(UnitFileTest, WithoutAControlSocketItReloadsByASignal) {
    ServiceUnit unit = trial();
    unit.has_control = false;
    EXPECT_THAT(to_text(unit), HasSubstr("\nExecReload=kill -HUP $MAINPID\n"));
    unit.has_signals = false;
    EXPECT_THAT(to_text(unit), Not(HasSubstr("ExecReload")));
}

TEST(UnitFileTest, NotifyReloadLeavesReloadingToTheManager) {
    ServiceUnit unit = trial();
    unit.type = ServiceUnit::Type::notify_reload;
    EXPECT_THAT(to_text(unit), AllOf(HasSubstr("\nType=notify-reload\n"), Not(HasSubstr("ExecReload"))));
}

TEST(UnitFileTest, RestartsAfterFailuresThatARestartCanCure) {
    EXPECT_THAT(to_text(trial()),
                AllOf(HasSubstr("\nRestart=on-failure\n"), HasSubstr("\nRestartPreventExitStatus=64 69 77 78\n")));
}

TEST(UnitFileTest, TheServicesOwnLimitsComeBeforeTheManagers) {
    ServiceUnit unit = trial();
    unit.start_timeout = 60s;
    unit.stop_timeout = 2500ms;
    EXPECT_THAT(to_text(unit), AllOf(HasSubstr("\nTimeoutStartSec=65\n"), HasSubstr("\nTimeoutStopSec=7500ms\n")));
}

TEST(UnitFileTest, IsHardened) {
    for (const char* line : {"NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes",
                             "RestrictSUIDSGID=yes", "RuntimeDirectory=trial", "StateDirectory=trial"})
        EXPECT_THAT(to_text(trial()), HasSubstr("\n" + std::string{line} + "\n"));
}

TEST(UnitFileTest, SeesWhatItNeedsBelowHomeAndTmp) {
    ServiceUnit unit = trial();
    unit.program = "/home/me/bin/trial";
    unit.writable_folders = {"/tmp/two words", "/srv"};
    EXPECT_THAT(to_text(unit), AllOf(HasSubstr("\nProtectHome=read-only\n"), Not(HasSubstr("PrivateTmp")),
                                     HasSubstr("\nReadWritePaths=\"/tmp/two words\" /srv\n")));
    unit = trial();
    unit.paths = {"/homeward/x"};
    EXPECT_THAT(to_text(unit), HasSubstr("\nProtectHome=yes\n"));
}

TEST(UnitFileTest, SaysOnlyWhatIsKnown) {
    EXPECT_THAT(to_text(trial()), AllOf(Not(HasSubstr("User=")), Not(HasSubstr("Group=")), Not(HasSubstr("UMask=")),
                                        Not(HasSubstr("WorkingDirectory=")), Not(HasSubstr("LogsDirectory=")),
                                        HasSubstr("Description=trial\n")));
}

TEST(UnitFileTest, AnyDescriptionIsOneLine) {
    ServiceUnit unit = trial();
    unit.description = "100% fine\nExecStart=/bin/evil";
    EXPECT_THAT(to_text(unit), HasSubstr("Description=100%% fine ExecStart=/bin/evil\n"));
}

TEST(UnitFileTest, ASocketUnitNamesTheControlSocket) {
    const std::string text = to_text(
        SocketUnit{.name = "trial", .control_socket = "/run/trial/trial.control", .user = "www-data", .group = "adm"});
    for (const char* line : {"ListenStream=/run/trial/trial.control", "FileDescriptorName=control", "SocketMode=0600",
                             "SocketUser=www-data", "SocketGroup=adm", "WantedBy=sockets.target"})
        EXPECT_THAT(text, HasSubstr("\n" + std::string{line} + "\n"));
}

}  // namespace
}  // namespace servicekit::cli
