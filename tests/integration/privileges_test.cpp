#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "integration/os/denied_system_call.hpp"
#include "integration/os/forked_child.hpp"
#include "integration/support/proc_path.hpp"
#include "integration/support/service_test.hpp"
#include "integration/support/strangers.hpp"
#include "servicekit/os/confinement.hpp"

namespace servicekit::test {
namespace {

using os::test::ForkedChild;
using os::test::Lines;
using testing::HasSubstr;
using testing::Not;

namespace fs = std::filesystem;

/// Returns the value of the key in /proc/PID/status.
std::string status_of(pid_t pid, const std::string& key) {
    std::ifstream file{proc(pid, "status")};
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(key + ":\t")) return line.substr(key.size() + 2);
    throw std::runtime_error{"no " + key};
}

/// Returns the soft and the hard limit: "256 256".
std::string limit_of(pid_t pid, std::string_view name) {
    std::ifstream file{proc(pid, "limits")};
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with(name)) continue;
        std::istringstream rest{line.substr(name.size())};
        std::string soft;
        std::string hard;
        rest >> soft >> hard;
        return soft + " " + hard;
    }
    throw std::runtime_error{"no such limit"};
}

bool has_landlock() {
    return os::test::in_another_process([] {
               auto& confinement = os::posix_confinement();
               if (!confinement.forbid_new_privileges()) return "no";
               const auto confined = confinement.confine_writing({});
               return confined && confined->extent != os::WriteConfinement::Extent::none ? "yes" : "no";
           }) == "yes";
}

class PrivilegesTest : public ServiceTest {
protected:
    void become_stranger() {
        if (!is_root()) GTEST_SKIP() << "only root can become another user";
        trial.add_options({"--user", std::to_string(stranger), "--group", std::to_string(stranger)});
    }
    /// Makes a directory that the service may write to as the user that it becomes.
    std::string directory_of_service(const std::string& name) const {
        const std::string path = directory.file(name);
        fs::create_directories(path);
        if (is_root() && ::chown(path.c_str(), stranger, stranger) != 0) throw std::runtime_error{"cannot chown"};
        return path;
    }
    static std::int64_t fault_of_writing(const RunningService& service, const std::string& path) {
        return service.call("write-file", {{"path", path}}).find("errno")->as_integer();
    }
};

TEST_F(PrivilegesTest, RootCannotBeRegained) {
    become_stranger();
    if (IsSkipped()) return;
    const RunningService service{trial};

    const Object tries = service.call("regain-root");

    for (const char* way : {"setuid", "seteuid", "setresuid", "setgid", "setgroups"})
        EXPECT_EQ(tries.find(way)->as_integer(), EPERM) << way;
}

TEST_F(PrivilegesTest, NoThreadMayGainPrivileges) {
    trial.add_options({"--no-new-privileges"});
    const RunningService service{trial};

    int threads = 0;
    for (const auto& task : fs::directory_iterator{proc(service.pid(), "task")}) {
        ++threads;
        const auto id = static_cast<pid_t>(std::stol(task.path().filename().string()));
        EXPECT_EQ(status_of(id, "NoNewPrivs"), "1");
    }
    EXPECT_GE(threads, 2);
}

TEST_F(PrivilegesTest, NewPrivilegesAreAllowedByDefault) {
    if (status_of(::getpid(), "NoNewPrivs") != "0") GTEST_SKIP() << "they are forbidden to this process already";
    const RunningService service{trial};

    EXPECT_EQ(status_of(service.pid(), "NoNewPrivs"), "0");
}

TEST_F(PrivilegesTest, LimitsAreInForce) {
    trial.add_options({"--limit-core", "0", "--limit-open-files", "256"});
    const RunningService service{trial};

    EXPECT_EQ(limit_of(service.pid(), "Max core file size"), "0 0");
    EXPECT_EQ(limit_of(service.pid(), "Max open files"), "256 256");
}

TEST_F(PrivilegesTest, ALimitThatTheKernelRefusesFailsTheStart) {
    trial.add_options({"--limit-open-files", "unlimited"});

    const Outcome started = trial.verb({"start"});

    EXPECT_EQ(started.exit_code, 77);
    EXPECT_EQ(started.err,
              "trial-service: cannot set the limit of open files to 'unlimited': Operation not permitted\n");
    EXPECT_EQ(trial.verb({"status"}).exit_code, 3);
}

TEST_F(PrivilegesTest, ACoreOfAnotherUserIsDumpedOnlyWithALimit) {
    become_stranger();
    if (IsSkipped()) return;
    rlimit core{};
    ASSERT_EQ(::getrlimit(RLIMIT_CORE, &core), 0);
    if (core.rlim_max < 1'000'000) GTEST_SKIP() << "the hard limit of core files is lower here";
    // In /proc a process that is not dumpable belongs to root, proc(5).
    const auto owner_in_proc = [](pid_t pid) {
        struct stat status {};
        if (::stat(proc(pid, "environ").c_str(), &status) != 0) throw std::runtime_error{"cannot look"};
        return status.st_uid;
    };
    {
        const RunningService service{trial};
        const bool is_always_dumped = read_file("/proc/sys/fs/suid_dumpable").starts_with("1");
        EXPECT_EQ(owner_in_proc(service.pid()), is_always_dumped ? stranger : 0U);
    }
    const RunningService service{trial, {"--limit-core", "1000000"}};
    EXPECT_EQ(owner_in_proc(service.pid()), stranger);
    EXPECT_EQ(limit_of(service.pid(), "Max core file size"), "1000000 1000000");
}

// Directory and mask.

TEST_F(PrivilegesTest, InTheForegroundDirectoryAndMaskAreInherited) {
    const std::string elsewhere = directory.file("elsewhere");
    fs::create_directories(elsewhere);
    const std::string callers_mask = status_of(::getpid(), "Umask");
    {
        RunningCommand service{trial.command({"run"})};
        await_text_in(trial.log_file(), "ready");
        EXPECT_EQ(fs::read_symlink(proc(service.pid(), "cwd")), fs::canonical(trial.directory()));
        EXPECT_EQ(status_of(service.pid(), "Umask"), callers_mask);
        service.signal(SIGTERM);
        EXPECT_EQ(service.finish().exit_code, 0);
    }
    fs::remove(trial.log_file());
    RunningCommand service{trial.command({"run", "--umask", "0127", "--working-directory", elsewhere})};
    await_text_in(trial.log_file(), "ready");
    EXPECT_EQ(fs::read_symlink(proc(service.pid(), "cwd")), fs::canonical(elsewhere));
    EXPECT_EQ(status_of(service.pid(), "Umask"), "0127");
    service.signal(SIGTERM);
    EXPECT_EQ(service.finish().exit_code, 0);
}

TEST_F(PrivilegesTest, ADirectoryClosedToTheNewUserFailsTheStart) {
    become_stranger();
    if (IsSkipped()) return;
    const std::string roots = directory.file("roots");
    fs::create_directories(roots);
    fs::permissions(roots, fs::perms{0700});
    trial.add_options({"--working-directory", roots});

    const Outcome started = trial.verb({"start"});

    EXPECT_EQ(started.exit_code, 77);
    EXPECT_EQ(started.err, "trial-service: cannot change to directory '" + roots + "': Permission denied\n");
    EXPECT_EQ(trial.verb({"status"}).exit_code, 3);
}

// Confined writing.

class ConfinedServiceTest : public PrivilegesTest, public testing::WithParamInterface<bool> {
protected:
    void SetUp() override {
        if (!has_landlock()) GTEST_SKIP() << "this kernel has no Landlock";
        PrivilegesTest::SetUp();
        if (GetParam()) become_stranger();
        if (IsSkipped()) return;
        data = directory_of_service("data");
        others = directory_of_service("others");
        logs = directory_of_service("logs");
        directory_of_service("run");
        trial.add_options({"--writable", data, "--log-file", logs + "/log"});
    }

    std::string data;
    std::string others;
    std::string logs;
};

TEST_P(ConfinedServiceTest, WritesOnlyTheNamedPaths) {
    const RunningService service{trial};

    EXPECT_EQ(fault_of_writing(service, data + "/file"), 0);
    EXPECT_EQ(fault_of_writing(service, run + "/file"), 0);
    EXPECT_EQ(fault_of_writing(service, logs + "/file"), 0);
    EXPECT_EQ(fault_of_writing(service, "/dev/null"), 0);
    EXPECT_EQ(fault_of_writing(service, others + "/file"), EACCES);
    EXPECT_EQ(fault_of_writing(service, directory.file("file")), EACCES);
    EXPECT_FALSE(fs::exists(others + "/file"));
    EXPECT_EQ(status_of(service.pid(), "NoNewPrivs"), "1");
}

TEST_P(ConfinedServiceTest, ReadsWhateverItCouldBefore) {
    write_file(others + "/file", "a line\n");
    const RunningService service{trial};

    EXPECT_EQ(service.call("read-line", {{"path", others + "/file"}}).find("line")->as_string(), "a line");
}

TEST_P(ConfinedServiceTest, ReloadsReopensItsLogAndLeavesNothingBehind) {
    trial.configure_app({{"greeting", "before"}});
    RunningService service{trial};

    trial.configure_app({{"greeting", "after"}});
    EXPECT_EQ(trial.verb({"reload"}).exit_code, 0);
    EXPECT_EQ(service.call("status").find("greeting")->as_string(), "after");
    fs::rename(logs + "/log", logs + "/log.1");
    EXPECT_EQ(trial.verb({"log-reopen"}).exit_code, 0);
    EXPECT_EQ(trial.verb({"call", "echo", "string=reopened"}).exit_code, 0);
    await_text_in(logs + "/log", "reopened");
    EXPECT_THAT(read_file(logs + "/log.1"), Not(HasSubstr("reopened")));
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_EQ(fs::file_size(trial.pid_file()), 0U);
    EXPECT_FALSE(fs::exists(trial.control_socket()));
}

TEST_P(ConfinedServiceTest, KeepsItsMetricsFileUntilItStops) {
    const std::string file = directory_of_service("node") + "/trial.prom";
    trial.add_options({"--metrics-file", file, "--metrics-interval", "1"});
    RunningService service{trial};

    service.call("echo");
    await_text_in(file, R"(event="echo",outcome="done"} 1)");
    EXPECT_EQ(fs::status(file).permissions(), fs::perms{0644});
    service.signal(SIGTERM);
    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_TRUE(fs::is_empty(directory.file("node")));
}

TEST_P(ConfinedServiceTest, StopsBySignalAndStartsAgain) {
    for (int life = 0; life < 2; ++life) {
        RunningService service{trial};
        service.signal(SIGTERM);
        EXPECT_EQ(service.exit_code(), 0);
    }
}

INSTANTIATE_TEST_SUITE_P(OfWhoStartedItAndOfAnother, ConfinedServiceTest, testing::Bool(),
                         [](const auto& of) { return of.param ? "AnotherUser" : "TheSameUser"; });

TEST_F(PrivilegesTest, AMissingDirectoryFailsTheStart) {
    if (!has_landlock()) GTEST_SKIP() << "this kernel has no Landlock";
    trial.add_options({"--writable", directory.file("gone")});

    const Outcome started = trial.verb({"start"});

    EXPECT_EQ(started.exit_code, 77);
    EXPECT_EQ(started.err, "trial-service: cannot let the service write '" + directory.file("gone") +
                               "': No such file or directory\n");
    EXPECT_EQ(trial.verb({"status"}).exit_code, 3);
    EXPECT_FALSE(fs::exists(trial.control_socket()));
}

TEST_F(PrivilegesTest, WithoutLandlockItRunsAndWarns) {
    trial.add_options({"--writable", directory.path()});
    // Children inherit the filter: for them the kernel does not support Landlock.
    ForkedChild old_kernel{[this](Lines& parent) {
        if (!os::test::deny_system_call(444, ENOSYS)) return 99;
        const Outcome started = trial.verb({"start"});
        parent.tell(std::to_string(started.exit_code) + started.err);
        return 0;
    }};
    const std::string outcome = old_kernel.hear();
    if (old_kernel.wait() == 99) GTEST_SKIP() << "system calls can't be filtered here";
    ASSERT_EQ(outcome, "0");

    EXPECT_THAT(trial.log(), HasSubstr("writing is not confined: the kernel offers no Landlock here (Function not "
                                       "implemented)\n"));
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
}

}  // namespace
}  // namespace servicekit::test
