#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <string>

#include "integration/support/proc_path.hpp"
#include "integration/support/service_test.hpp"
#include "integration/support/strangers.hpp"

namespace servicekit::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace fs = std::filesystem;

struct Ownership {
    uid_t uid = 0;
    gid_t gid = 0;
};

Ownership owner_of_file(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) throw std::runtime_error{"cannot look at " + path};
    return {status.st_uid, status.st_gid};
}

void give(const std::string& path, uid_t uid, gid_t gid) {
    if (::lchown(path.c_str(), uid, gid) != 0) throw std::runtime_error{"cannot give away " + path};
}

/// A service of root beside a directory that a stranger owns, and a file that only root may read.
class HostileDirectoryTest : public ServiceTest {
protected:
    void SetUp() override {
        if (!is_root()) GTEST_SKIP() << "only root has something that others want";
        ServiceTest::SetUp();
        fs::create_directories(theirs);
        fs::create_directories(ours);
        write_file(victim, "secret\n");
        fs::permissions(victim, fs::perms{0600});
        give(theirs, stranger, stranger);
    }
    void TearDown() override {
        if (IsSkipped()) return;
        EXPECT_EQ(read_file(victim), "secret\n");
        EXPECT_EQ(owner_of_file(victim).uid, 0U);
        EXPECT_EQ(fs::status(victim).permissions(), fs::perms{0600});
        ServiceTest::TearDown();
    }

    void become_stranger() {
        trial.add_options({"--user", std::to_string(stranger), "--group", std::to_string(stranger)});
    }
    void link_by_stranger(const std::string& target, const std::string& path) const {
        fs::create_symlink(target, path);
        give(path, stranger, stranger);
    }
    /// Starts the service. The start must be refused with a message that names the path and who can change it.
    void expect_start_refused(const Strings& options, const std::string& words) {
        Strings arguments{"start"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        const Outcome started = trial.verb(arguments);
        EXPECT_EQ(started.exit_code, 77) << started;
        EXPECT_THAT(started.err, AllOf(StartsWith("trial-service: cannot "), HasSubstr(words)));
        EXPECT_EQ(trial.verb({"status"}).exit_code, 3);
    }

    std::string theirs = directory.file("theirs");
    std::string ours = directory.file("ours");
    std::string victim = directory.file("ours/victim");
    std::string can_change = ", and user " + std::to_string(stranger) + " can change '" + theirs + "'\n";
};

// A service that becomes the owner of the directory.

TEST_F(HostileDirectoryTest, ALinkToAFileOfRootIsRefusedAsALog) {
    become_stranger();
    link_by_stranger(victim, theirs + "/x.log");
    expect_start_refused({"--log-file", theirs + "/x.log"}, "it is a symbolic link" + can_change);
}

TEST_F(HostileDirectoryTest, ADanglingLinkCreatesNoFile) {
    become_stranger();
    link_by_stranger(ours + "/new", theirs + "/x.log");
    expect_start_refused({"--log-file", theirs + "/x.log"}, "it is a symbolic link" + can_change);
    EXPECT_FALSE(fs::exists(ours + "/new"));
}

TEST_F(HostileDirectoryTest, AHardLinkToAFileOfRootIsRefusedAsALog) {
    become_stranger();
    fs::create_hard_link(victim, theirs + "/x.log");
    expect_start_refused({"--log-file", theirs + "/x.log"}, "it has 2 names" + can_change);
}

TEST_F(HostileDirectoryTest, ALinkInsteadOfADirectoryIsNotFollowed) {
    become_stranger();
    link_by_stranger(ours, theirs + "/sub");
    expect_start_refused({"--log-file", theirs + "/sub/x.log"}, "'" + theirs + "/sub' is a symbolic link" + can_change);
    EXPECT_FALSE(fs::exists(ours + "/x.log"));
}

TEST_F(HostileDirectoryTest, StreamsFollowNoLink) {
    become_stranger();
    link_by_stranger(victim, theirs + "/x");
    for (const char* stream : {"--stdout", "--stderr", "--stdin"})
        expect_start_refused({stream, theirs + "/x"}, "it is a symbolic link" + can_change);
    expect_start_refused({"--stdout", R"({"path":")" + theirs + R"(/x","open":"truncate"})"},
                         "it is a symbolic link" + can_change);
}

TEST_F(HostileDirectoryTest, ALinkInTheUsersOwnDirectoryIsFollowed) {
    become_stranger();
    fs::create_directories(theirs + "/real");
    give(theirs + "/real", stranger, stranger);
    link_by_stranger(theirs + "/real/x.log", theirs + "/x.log");

    const RunningService service{trial, {"--log-file", theirs + "/x.log", "--stdout", theirs + "/out"}};

    EXPECT_THAT(read_file(theirs + "/real/x.log"), HasSubstr("starting"));
    for (const std::string& file : {theirs + "/real/x.log", theirs + "/out"}) {
        EXPECT_EQ(owner_of_file(file).uid, stranger) << file;
        EXPECT_EQ(owner_of_file(file).gid, stranger) << file;
    }
}

TEST_F(HostileDirectoryTest, ALogInADirectoryOfRootIsGivenToTheUser) {
    become_stranger();
    fs::create_symlink(ours, directory.file("link"));

    const RunningService service{trial, {"--log-file", directory.file("link/x.log")}};

    EXPECT_THAT(read_file(ours + "/x.log"), HasSubstr("starting"));
    EXPECT_EQ(owner_of_file(ours + "/x.log").uid, stranger);
    EXPECT_EQ(owner_of_file(ours + "/x.log").gid, stranger);
}

TEST_F(HostileDirectoryTest, AFileOfRootInTheUsersDirectoryBecomesTheUsersLog) {
    become_stranger();
    write_file(theirs + "/x.log", "of a life as root\n");
    fs::permissions(theirs + "/x.log", fs::perms{0640});

    const RunningService service{trial, {"--log-file", theirs + "/x.log"}};

    EXPECT_THAT(read_file(theirs + "/x.log"), AllOf(StartsWith("of a life as root\n"), HasSubstr("starting")));
    EXPECT_EQ(owner_of_file(theirs + "/x.log").uid, stranger);
}

TEST_F(HostileDirectoryTest, TheGroupOfAFileOrDirectoryIsKept) {
    become_stranger();
    constexpr gid_t adm = 4;
    fs::create_directories(ours + "/logs");
    give(ours + "/logs", 0, adm);
    fs::permissions(ours + "/logs", fs::perms{02750});
    write_file(ours + "/old.log", "");
    give(ours + "/old.log", stranger, adm);
    for (const std::string& log : {ours + "/logs/x.log", ours + "/old.log"}) {
        for (int life = 0; life < 2; ++life) {
            const RunningService service{trial, {"--log-file", log}};
            EXPECT_EQ(owner_of_file(log).uid, stranger) << log;
            EXPECT_EQ(owner_of_file(log).gid, adm) << log;
        }
    }
}

// A service that stays root.

TEST_F(HostileDirectoryTest, AServiceOfRootFollowsNoLinkOfAnotherUser) {
    link_by_stranger(victim, theirs + "/x.log");
    expect_start_refused({"--log-file", theirs + "/x.log"}, "it is a symbolic link" + can_change);
    expect_start_refused({"--stdout", theirs + "/x.log"}, "it is a symbolic link" + can_change);
}

TEST_F(HostileDirectoryTest, AServiceOfRootWritesNoFileOfAnotherUser) {
    write_file(theirs + "/x.log", "");
    fs::permissions(theirs + "/x.log", fs::perms{0666});
    give(theirs + "/x.log", stranger, stranger);
    expect_start_refused({"--log-file", theirs + "/x.log"},
                         "it belongs to user " + std::to_string(stranger) + can_change);
}

TEST_F(HostileDirectoryTest, AServiceOfRootRefusesAHardLinkAsItsPidfile) {
    fs::create_hard_link(victim, theirs + "/x.pid");
    expect_start_refused({"--pid-file", theirs + "/x.pid"}, "it has 2 names" + can_change);
}

TEST_F(HostileDirectoryTest, AServiceOfRootCreatesNothingThroughALink) {
    link_by_stranger(ours, theirs + "/sub");
    expect_start_refused({"--run-directory", theirs + "/sub/run"}, "is a symbolic link" + can_change);
    expect_start_refused({"--pid-file", theirs + "/sub/x.pid"}, "is a symbolic link" + can_change);
    expect_start_refused({"--control-socket", theirs + "/sub/x.control"}, "is a symbolic link" + can_change);
    EXPECT_FALSE(fs::exists(ours + "/run"));
    EXPECT_FALSE(fs::exists(ours + "/x.pid"));
    EXPECT_FALSE(fs::exists(ours + "/x.control"));
}

TEST_F(HostileDirectoryTest, AServiceOfRootKeepsItsFilesInAnotherUsersDirectory) {
    trial.add_options(
        {"--log-file", theirs + "/x.log", "--stdout", theirs + "/out", "--run-directory", theirs + "/run"});
    for (int life = 0; life < 2; ++life) {
        const Outcome started = trial.verb({"start"});
        EXPECT_EQ(started.exit_code, 0) << started;
        EXPECT_EQ(owner_of_file(theirs + "/x.log").uid, 0U);
        EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    }
}

TEST_F(HostileDirectoryTest, AReopenedLogFollowsNoLink) {
    const std::string log = theirs + "/x.log";
    trial.add_options({"--log-file", log});
    const RunningService service{trial};
    fs::rename(log, theirs + "/moved");
    link_by_stranger(victim, log);

    const Outcome reopened = trial.verb({"log-reopen"});

    EXPECT_NE(reopened.exit_code, 0);
    EXPECT_THAT(reopened.err, HasSubstr("it is a symbolic link, and user "));
    service.call("echo", {{"string", "still here"}});
    EXPECT_EQ(trial.verb({"call", "log-flush"}).exit_code, 0);
    EXPECT_THAT(read_file(theirs + "/moved"), HasSubstr("still here"));
}

TEST_F(HostileDirectoryTest, ARotatedLogFollowsNoLink) {
    const std::string log = theirs + "/x.log";
    trial.add_options({"--log-file", log, "--log-rotate-size", "2000"});
    const RunningService service{trial};
    fs::rename(log, theirs + "/moved");
    link_by_stranger(victim, log);

    service.call("flood", {{"lines", 100}});
    EXPECT_EQ(trial.verb({"call", "log-flush"}).exit_code, 0);

    EXPECT_THAT(read_file(theirs + "/moved"), HasSubstr("it is a symbolic link, and user "));
    EXPECT_TRUE(fs::is_symlink(log));
}

TEST_F(HostileDirectoryTest, ACrashReportAvoidsAFileInTheWay) {
    trial.add_options({"--crash-directory", theirs});
    const std::string report = theirs + "/trial-service.crash";
    write_file(report, "not a report\n");
    fs::permissions(report, fs::perms{0666});
    give(report, stranger, stranger);
    RunningService service{trial};
    EXPECT_THAT(trial.log(), HasSubstr("warning trial-service[" + std::to_string(service.pid()) +
                                       "]: cannot open the crash report '" + report + "': it belongs to user " +
                                       std::to_string(stranger) + "; a crash would be reported in '" + report + "."));

    service.signal(SIGSEGV);
    EXPECT_EQ(service.exit_code(), 128 + SIGSEGV);

    EXPECT_EQ(read_file(report), "not a report\n");
    const Outcome crashes = trial.verb({"crashes"});
    EXPECT_THAT(crashes.out, AllOf(HasSubstr("SIGSEGV"), HasSubstr(report + ".")));

    const RunningService next{trial};
    EXPECT_THAT(trial.log(), AllOf(HasSubstr("the last life crashed: SIGSEGV"), Not(HasSubstr("without a stop"))));
}

TEST_F(HostileDirectoryTest, WhatIsInTheWayOfAReportIsNoCrash) {
    become_stranger();
    trial.add_options({"--crash-directory", theirs, "--crash-keep", "3"});
    const std::string report = theirs + "/trial-service.crash";
    fs::create_directory(report);
    give(report, stranger, stranger);
    const auto files = [this] { return std::distance(fs::directory_iterator{theirs}, fs::directory_iterator{}); };
    RunningService service{trial};
    EXPECT_EQ(files(), 2);  // the prepared report, too
    EXPECT_EQ(service.call("crashes"), (Object{{"crashes", Value::List{}}}));
    EXPECT_THAT(trial.verb({"crashes"}).out, HasSubstr("no crash reports"));

    service.signal(SIGKILL);
    EXPECT_EQ(service.exit_code(), 128 + SIGKILL);
    {
        RunningService next{trial};
        EXPECT_EQ(files(), 2);
        EXPECT_EQ(next.call("crashes"), (Object{{"crashes", Value::List{}}}));
        EXPECT_THAT(trial.log(), HasSubstr("(pid " + std::to_string(service.pid()) + ") ended without a stop"));

        next.signal(SIGSEGV);
        EXPECT_EQ(next.exit_code(), 128 + SIGSEGV);
    }
    const RunningService last{trial};
    EXPECT_THAT(trial.log(), HasSubstr("the last life crashed: SIGSEGV"));
    EXPECT_EQ(last.call("crashes").find("crashes")->as_list().size(), 1U);
    EXPECT_TRUE(fs::is_directory(report));
}

TEST_F(HostileDirectoryTest, AStrangersFifoAmongTheCrashReportsBlocksNothing) {
    trial.add_options({"--log-file", theirs + "/x.log"});
    const std::string report = theirs + "/trial-service.crash.20261201T15004";
    ASSERT_EQ(::mkfifo((report + "1Z.1").c_str(), 0666), 0);
    give(report + "1Z.1", stranger, stranger);
    link_by_stranger(victim, report + "2Z.2");
    fs::create_directory(report + "3Z.3");
    give(report + "3Z.3", stranger, stranger);
    write_file(report + "4Z.4", "");
    fs::resize_file(report + "4Z.4", std::uintmax_t{1} << 40U);
    give(report + "4Z.4", stranger, stranger);
    fs::create_hard_link(victim, report + "5Z.5");
    RunningService service{trial};

    EXPECT_EQ(service.call("crashes").find("crashes")->as_list().size(), 1U);  // the large file
    const Outcome listed = trial.verb({"crashes"});
    EXPECT_EQ(listed.exit_code, 0) << listed;
    EXPECT_THAT(listed.out, Not(HasSubstr("Z.1\n")));
    for (int number = 1; number <= 5; ++number)
        EXPECT_THAT(trial.verb({"crashes", "show", std::to_string(number)}).out, Not(HasSubstr("secret")));
    service.signal(SIGSEGV);
    EXPECT_EQ(service.exit_code(), 128 + SIGSEGV);

    const RunningService next{trial};
    EXPECT_EQ(next.call("crashes").find("crashes")->as_list().size(), 2U);
    fs::remove(report + "5Z.5");
}

TEST_F(HostileDirectoryTest, ACrashReportFollowsNoLinkMadeLater) {
    trial.add_options({"--crash-directory", theirs});
    const std::string report = theirs + "/trial-service.crash";
    RunningService service{trial};
    link_by_stranger(victim, report);

    service.signal(SIGSEGV);
    EXPECT_EQ(service.exit_code(), 128 + SIGSEGV);

    EXPECT_THAT(trial.log(), HasSubstr("the report is in '" + report + "."));
    EXPECT_THAT(trial.verb({"crashes"}).out, HasSubstr("SIGSEGV"));
}

// What a service keeps after it becomes another user.

TEST_F(HostileDirectoryTest, ThePidfileStaysRootsAndTheServiceIsFound) {
    RunningService service{trial, {"--user", std::to_string(stranger), "--group", std::to_string(stranger)}};

    EXPECT_EQ(owner_of_file(trial.pid_file()).uid, 0U);
    EXPECT_EQ(owner_of_file(trial.pid_file()).gid, 0U);
    const std::string pid = std::to_string(service.pid()) + "\n";
    EXPECT_EQ(trial.verb({"pid"}).out, pid);
    EXPECT_EQ(run_command(as_stranger(trial.command({"pid"}))).out, pid);
    EXPECT_EQ(run_command(as_user({.user = 54321, .group = 54321}, trial.command({"pid"}))).out, pid);
    EXPECT_EQ(trial.verb({"start"}).exit_code, 69);
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_EQ(read_file(trial.pid_file()), "");
}

TEST_F(HostileDirectoryTest, AServiceThatBecameAnotherUserStopsBySignal) {
    RunningService service{
        trial, {"--user", std::to_string(stranger), "--group", std::to_string(stranger), "--no-control-server"}};

    EXPECT_EQ(trial.verb({"stop", "--user", std::to_string(stranger)}).exit_code, 0);
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(HostileDirectoryTest, ChildrenHaveTheEnvironmentOfTheUser) {
    const passwd* const user = ::getpwuid(stranger);
    if (user == nullptr) GTEST_SKIP() << "this machine has no user " << stranger;
    trial.add_variable("HOME", "/root");
    trial.add_variable("LOGNAME", "root");
    const RunningService service{trial, {"--user", user->pw_name}};

    const auto child = static_cast<pid_t>(service.call("popen-child").find("pid")->as_integer());

    std::string environment;
    await_state("a child has an environment", [&] {
        environment = read_file(proc(child, "environ"));
        return !environment.empty();
    });
    using namespace std::string_literals;
    environment.insert(0, 1, '\0');
    EXPECT_THAT(environment,
                AllOf(HasSubstr("\0HOME="s + user->pw_dir + "\0"s), HasSubstr("\0LOGNAME="s + user->pw_name + "\0"s),
                      HasSubstr("\0USER="s + user->pw_name + "\0"s)));
    EXPECT_EQ(::kill(child, SIGKILL), 0);
}

TEST_F(HostileDirectoryTest, GroupsWithoutTheUserFailTheStart) {
    become_stranger();
    fs::create_directories(trial.run_directory());
    give(trial.run_directory(), stranger, stranger);
    Command start = trial.command({"start", "--log-file", theirs + "/x.log"});

    const Outcome started =
        run_command(as_user({.user = stranger, .group = stranger, .groups = {stranger, 4}}, std::move(start)));

    EXPECT_EQ(started.exit_code, 77) << started;
    EXPECT_THAT(started.err, HasSubstr("the process is in group 4, which the user is not in"));
}

TEST_F(HostileDirectoryTest, CapabilitiesOfAUserAreGivenUp) {
    become_stranger();
    fs::create_directories(trial.run_directory());
    give(trial.run_directory(), stranger, stranger);
    Command start = trial.command({"start", "--log-file", theirs + "/x.log"});
    const std::string id = std::to_string(stranger);
    const Strings prefix{
        "setpriv",        "--reuid",     id, "--regid", id, "--clear-groups", "--inh-caps", "+chown,+kill",
        "--ambient-caps", "+chown,+kill"};
    start.arguments.insert(start.arguments.begin(), prefix.begin(), prefix.end());

    const Outcome started = run_command(start);

    ASSERT_EQ(started.exit_code, 0) << started;
    const std::string status = read_file(proc(trial.pid_in_file(), "status"));
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
        EXPECT_THAT(status, HasSubstr(std::string{set} + ":\t0000000000000000\n"));
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
}

}  // namespace
}  // namespace servicekit::test
