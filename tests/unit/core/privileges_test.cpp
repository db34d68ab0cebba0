#include "core/privileges.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "core/layered_settings.hpp"
#include "unit/core/service_fixture.hpp"

namespace servicekit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Extent = os::WriteConfinement::Extent;
using Resource = os::Confinement::Resource;
using Use = os::WritablePath::Use;

class PrivilegesTest : public testing::ServiceTest {
protected:
    PrivilegesTest() {
        host.users.add_user({.name = "www", .uid = 33, .gid = 34});
        host.users.add_group("adm", 4);
        hooks.on_start = [this] { started = true; };
    }

    [[nodiscard]] LayeredSettings& settings() { return core().configuration().to_fill(); }
    void live() {
        raise(SIGTERM);
        EXPECT_EQ(run(), 0) << errors();
    }
    void expect_refused(int exit_code, const std::string& words) {
        EXPECT_EQ(run(), exit_code);
        EXPECT_THAT(errors(), HasSubstr("trial: cannot " + words));
        EXPECT_FALSE(started);
        EXPECT_FALSE(host.signals.is_taken());
        // In root's /run, a service that has become another user leaves an empty pidfile.
        EXPECT_EQ(host.files.exists(pid_file) ? host.files.content(pid_file) : "", "");
        EXPECT_FALSE(host.locks.owner(pid_file, os::Look::thorough).value());
    }
    /// Returns how the service may use the path; nothing if it may not write there.
    [[nodiscard]] std::optional<Use> use_of(const std::string& path) const {
        for (const os::WritablePath& writable : *host.confinement.writable())
            if (writable.path == path) return writable.use;
        return std::nullopt;
    }

    bool started = false;
};

TEST_F(PrivilegesTest, WithoutSettingsNothingIsDone) {
    host.process.set_thread_count(3);
    live();

    EXPECT_EQ(host.users.current_user(), 0U);
    EXPECT_FALSE(host.confinement.new_privileges_forbidden());
    EXPECT_FALSE(host.confinement.writable());
    EXPECT_FALSE(host.confinement.limit_of(Resource::core_size));
}

TEST_F(PrivilegesTest, AreDroppedAfterSocketAndLogAreOpenAndBeforeHandlers) {
    settings().set(setting::user, "www");
    settings().set(setting::writable, {"/srv"});
    settings().set(setting::limit_core, "0");
    std::vector<std::string> order;
    const auto look = [&](const std::string& step) {
        order.push_back(step);
        EXPECT_TRUE(host.files.exists(socket)) << step;
        EXPECT_THAT(log(), HasSubstr("starting")) << step;
        EXPECT_FALSE(host.signals.is_taken()) << step;
        EXPECT_FALSE(started) << step;
    };
    host.confinement.on_call([&](std::string_view function) { look(std::string{function}); });
    host.users.on_become([&](uid_t uid, gid_t gid) {
        look("become");
        host.act_as({.pid = host.process.id(), .uid = uid, .gid = gid});
    });
    live();

    EXPECT_THAT(order, ElementsAre("limit", "become", "forbid_new_privileges", "confine_writing"));
    EXPECT_TRUE(started);
}

TEST_F(PrivilegesTest, LogAndSocketChangeTheirOwner) {
    settings().set(setting::user, "www");
    settings().set(setting::group, "adm");
    live();

    EXPECT_EQ(host.users.current_user(), 33U);
    EXPECT_EQ(host.users.current_group(), 4U);
    for (const char* path : {log_file, socket}) {
        EXPECT_EQ(host.files.status_of(path).uid, 33U) << path;
        EXPECT_EQ(host.files.status_of(path).gid, 4U) << path;
    }
}

TEST_F(PrivilegesTest, ThePidfileStaysRootsAndIsStillEmptied) {
    settings().set(setting::user, "www");
    hooks.on_start = [this] { EXPECT_EQ(host.files.content(pid_file), std::to_string(host.process.id()) + "\n"); };
    live();

    EXPECT_EQ(host.files.status_of(pid_file).uid, 0U);
    EXPECT_EQ(host.files.status_of(pid_file).gid, 0U);
    EXPECT_EQ(host.files.content(pid_file), "");
}

TEST_F(PrivilegesTest, TheUserIsAnnouncedBeforeTheLogIsOpened) {
    settings().set(setting::user, "www");
    settings().set(setting::group, "adm");
    host.files.failures.fail_next("open_for_appending", EACCES);
    EXPECT_EQ(run(), 77);

    EXPECT_EQ(host.users.prepared(), (std::pair<uid_t, gid_t>{33, 4}));
    EXPECT_EQ(host.users.current_user(), 0U);
}

TEST_F(PrivilegesTest, TheEnvironmentIsThatOfTheUser) {
    host.users.add_user({.name = "mail", .uid = 8, .gid = 8, .home = "/var/mail", .shell = "/usr/sbin/nologin"});
    host.environment.set("HOME", "/root");
    host.environment.set("LOGNAME", "root");
    settings().set(setting::user, "mail");
    live();

    EXPECT_EQ(host.environment.get("HOME"), "/var/mail");
    EXPECT_EQ(host.environment.get("USER"), "mail");
    EXPECT_EQ(host.environment.get("LOGNAME"), "mail");
    EXPECT_EQ(host.environment.get("SHELL"), "/usr/sbin/nologin");
}

TEST_F(PrivilegesTest, AUserWithoutAnEntryHasTheRootDirectoryAsHomeAndNoName) {
    host.environment.set("HOME", "/root");
    host.environment.set("USER", "root");
    settings().set(setting::user, "4000");
    settings().set(setting::group, "adm");
    live();

    EXPECT_EQ(host.environment.get("HOME"), "/");
    EXPECT_EQ(host.environment.get("USER"), std::nullopt);
}

TEST_F(PrivilegesTest, AGroupChangeAloneKeepsTheEnvironment) {
    host.environment.set("HOME", "/somewhere");
    settings().set(setting::group, "adm");
    live();

    EXPECT_EQ(host.environment.get("HOME"), "/somewhere");
}

TEST_F(PrivilegesTest, GroupsThatTheSettingsNeedAreKept) {
    settings().set(setting::user, "www");
    settings().set(setting::log_group, "adm");
    live();

    EXPECT_THAT(host.users.may_keep(), ElementsAre(4));
}

TEST_F(PrivilegesTest, AFileThatCannotChangeOwnerIsAWarning) {
    settings().set(setting::user, "www");
    host.files.failures.fail_next("change_owner", EPERM);
    live();

    EXPECT_THAT(log(), HasSubstr("warning trial[4711]: cannot change owner of '/var/log/trial.log': Operation not "
                                 "permitted\n"));
    EXPECT_EQ(host.users.current_user(), 33U);
}

TEST_F(PrivilegesTest, AreNotDroppedWhileOtherThreadsRun) {
    settings().set(setting::user, "www");
    host.process.set_thread_count(2);
    expect_refused(77, "drop privileges: 2 threads exist already, and each has its own; start them in on_start\n");
    EXPECT_EQ(host.users.current_user(), 0U);
}

TEST_F(PrivilegesTest, TheServiceIsNotConfinedWhileOtherThreadsRun) {
    settings().set(setting::no_new_privileges, true);
    host.process.set_thread_count(2);
    expect_refused(77, "drop privileges: 2 threads");
}

TEST_F(PrivilegesTest, AGroupThatDoesNotExistIsAConfigurationError) {
    settings().set(setting::group, "nosuchgroup");
    expect_refused(78, "become a member of the group 'nosuchgroup': there is no such group\n");
}

TEST_F(PrivilegesTest, AUidWithoutAGroupIsAnEarlyConfigurationError) {
    settings().set(setting::user, "4000");
    expect_refused(78, "become the user '4000': the user database has no such user to tell a group");
    EXPECT_FALSE(host.files.exists(log_file));
}

TEST_F(PrivilegesTest, AnIncompleteDropFailsTheStart) {
    settings().set(setting::user, "www");
    host.users.failures.fail_next("become", EPERM);
    expect_refused(77, "become user 'www': Operation not permitted\n");
    expect_all_released();
}

TEST_F(PrivilegesTest, AnyErrorOfTheDropHasTheSameExitCode) {
    settings().set(setting::user, "www");
    host.users.failures.fail_next("become", EAGAIN);
    expect_refused(77, "become user 'www': Resource temporarily unavailable\n");
    expect_all_released();
}

TEST_F(PrivilegesTest, AFileThatCannotBeHandedOverFailsTheStart) {
    settings().set(setting::user, "www");
    host.sockets.failures().fail_next("change_owner", EROFS);
    expect_refused(77, "change the owner of '/run/trial.control': Read-only file system\n");
    EXPECT_EQ(host.users.current_user(), 0U);
    expect_all_released();
}

TEST_F(PrivilegesTest, LimitsAreSet) {
    settings().set(setting::limit_core, "unlimited");
    settings().set(setting::limit_open_files, "4096");
    live();

    ASSERT_TRUE(host.confinement.limit_of(Resource::core_size));
    EXPECT_FALSE(*host.confinement.limit_of(Resource::core_size));
    EXPECT_EQ(host.confinement.limit_of(Resource::open_files), std::optional<std::uint64_t>{4096});
    EXPECT_FALSE(host.confinement.core_dumps_allowed()) << "there is no other user";
}

TEST_F(PrivilegesTest, ALimitThatCannotBeSetFailsTheStart) {
    settings().set(setting::limit_open_files, "4096");
    host.confinement.failures().fail_next("limit", EPERM);
    expect_refused(77, "set the limit of open files to '4096': Operation not permitted\n");
    expect_all_released();
}

TEST_F(PrivilegesTest, ACoreAfterTheDropNeedsALimit) {
    settings().set(setting::user, "www");
    settings().set(setting::limit_core, "1000000");
    live();
    EXPECT_TRUE(host.confinement.core_dumps_allowed());
}

TEST_F(PrivilegesTest, ACoreLimitOfZeroAllowsNoCore) {
    settings().set(setting::user, "www");
    settings().set(setting::limit_core, "0");
    live();
    EXPECT_FALSE(host.confinement.core_dumps_allowed());
}

TEST_F(PrivilegesTest, NewPrivilegesAreForbiddenIfRequested) {
    settings().set(setting::no_new_privileges, true);
    live();
    EXPECT_TRUE(host.confinement.new_privileges_forbidden());
    EXPECT_FALSE(host.confinement.writable());
}

TEST_F(PrivilegesTest, NewPrivilegesThatCannotBeForbiddenFailTheStart) {
    settings().set(setting::no_new_privileges, true);
    host.confinement.failures().fail_next("forbid_new_privileges", EINVAL);
    expect_refused(77, "forbid new privileges: Invalid argument\n");
    expect_all_released();
}

TEST_F(PrivilegesTest, WritableNamesPathsBesidesTheServicesOwn) {
    settings().set(setting::writable, {"/srv/data", "spool"});
    options.run_directory = "/run/trial";
    host.process.set_directory("/home/me");
    core().set_options(options);
    settings().set(setting::writable, {"/srv/data", "spool"});
    live();

    EXPECT_TRUE(host.confinement.new_privileges_forbidden());
    EXPECT_EQ(use_of("/srv/data"), Use::everything);
    EXPECT_EQ(use_of("/home/me/spool"), Use::everything);
    EXPECT_EQ(use_of("/run/trial"), Use::everything);
    EXPECT_EQ(use_of("/var/log"), Use::regular_files);
    EXPECT_EQ(use_of("/dev/null"), Use::everything);
    EXPECT_FALSE(use_of("/etc"));
}

TEST_F(PrivilegesTest, InASharedRunDirectoryItMayOnlyRemoveItsSocket) {
    settings().set(setting::writable, {});
    live();
    EXPECT_EQ(use_of("/run"), Use::removal);
}

TEST_F(PrivilegesTest, AMissingDirectoryFailsTheStart) {
    settings().set(setting::writable, {"/srv"});
    host.confinement.failures().fail_next("confine_writing", ENOENT, "/srv");
    expect_refused(77, "let the service write '/srv': No such file or directory\n");
    expect_all_released();
}

TEST_F(PrivilegesTest, AKernelWithoutConfinementIsAWarning) {
    settings().set(setting::writable, {"/srv"});
    host.confinement.set_kernel({.extent = Extent::none, .gap = "the kernel is old"});
    live();
    EXPECT_THAT(log(), HasSubstr("warning trial[4711]: writing is not confined: the kernel is old\n"));
}

TEST_F(PrivilegesTest, AKernelWithPartialConfinementIsAWarning) {
    settings().set(setting::writable, {"/srv"});
    host.confinement.set_kernel({.extent = Extent::partial, .gap = "devices are free"});
    live();
    EXPECT_THAT(log(), HasSubstr("warning trial[4711]: writing is not confined in every way: devices are free\n"));
    EXPECT_TRUE(host.confinement.writable());
}

// The directory and the umask.

TEST_F(PrivilegesTest, InTheForegroundDirectoryAndMaskAreInherited) {
    host.process.set_directory("/home/me");
    host.process.set_file_mask(077);
    live();
    EXPECT_EQ(host.process.directory(), "/home/me");
    EXPECT_EQ(host.process.file_mask(), 077U);
}

TEST_F(PrivilegesTest, InTheForegroundDirectoryAndMaskCanBeSet) {
    settings().set(setting::working_directory, "/srv");
    settings().set(setting::umask, "027");
    live();
    EXPECT_EQ(host.process.directory(), "/srv");
    EXPECT_EQ(host.process.file_mask(), 027U);
}

TEST_F(PrivilegesTest, ADirectoryClosedToTheUserFailsTheStart) {
    settings().set(setting::user, "www");
    settings().set(setting::working_directory, "/srv");
    host.process.failures.fail_next("change_directory", EACCES);
    expect_refused(77, "change to directory '/srv': Permission denied\n");
}

TEST_F(PrivilegesTest, InTheBackgroundADirectoryClosedToTheUserFailsTheStart) {
    options.daemonize = true;
    settings().set(setting::user, "www");
    host.users.on_become([this](uid_t uid, gid_t gid) {
        host.act_as({.pid = host.process.id(), .uid = uid, .gid = gid});
        host.process.failures.fail_next("change_directory", EACCES);
    });
    run();
    EXPECT_FALSE(started);
    EXPECT_THAT(log(), HasSubstr("cannot change to directory '/': Permission denied"));
}

TEST_F(PrivilegesTest, ACallersDirectoryClosedToTheUserIsAWarning) {
    settings().set(setting::user, "www");
    host.process.set_directory("/root");
    host.process.failures.fail_next("change_directory", EACCES);
    live();
    EXPECT_THAT(log(), HasSubstr("the working directory is closed to the service: cannot change to directory '/root': "
                                 "Permission denied"));
}

}  // namespace
}  // namespace servicekit
