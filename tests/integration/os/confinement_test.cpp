#include "servicekit/os/confinement.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "integration/os/denied_system_call.hpp"
#include "integration/os/forked_child.hpp"
#include "integration/os/temporary_directory.hpp"
#include "os/descriptor.hpp"

namespace servicekit::os {
namespace {

using test::in_another_process;
using test::TemporaryDirectory;
using Extent = WriteConfinement::Extent;
using Resource = Confinement::Resource;
using Use = WritablePath::Use;
namespace fs = std::filesystem;

#ifdef SYS_landlock_create_ruleset
constexpr long create_ruleset_number = SYS_landlock_create_ruleset;
#else
constexpr long create_ruleset_number = 444;
#endif

/// Returns 0 or the errno.
int fault_of(int outcome) { return outcome < 0 ? errno : 0; }

int try_to_open(const std::string& path, int flags) {
    const Descriptor file{::open(path.c_str(), flags | O_CLOEXEC, 0600)};
    return file ? 0 : errno;
}
int try_to_make(const std::string& path) { return try_to_open(path, O_WRONLY | O_CREAT | O_EXCL); }

bool has_landlock() {
    return in_another_process([] {
               if (!posix_confinement().forbid_new_privileges()) return "no";
               const auto confined = posix_confinement().confine_writing({});
               return confined && confined->extent != Extent::none ? "yes" : "no";
           }) == "yes";
}

/// Returns the limits of a process after the change: "7 7".
std::string limits_after(Resource resource, std::optional<std::uint64_t> at_most) {
    return in_another_process([=]() -> std::string {
        if (const auto done = posix_confinement().limit(resource, at_most); !done) return done.error().message();
        rlimit limit{};
        ::getrlimit(resource == Resource::core_size ? RLIMIT_CORE : RLIMIT_NOFILE, &limit);
        const auto words = [](rlim_t number) {
            return number == RLIM_INFINITY ? std::string{"unlimited"} : std::to_string(number);
        };
        return words(limit.rlim_cur) + " " + words(limit.rlim_max);
    });
}

TEST(PosixConfinementTest, SetsTheSoftAndTheHardLimit) {
    EXPECT_EQ(limits_after(Resource::core_size, 0), "0 0");
    EXPECT_EQ(limits_after(Resource::open_files, 64), "64 64");
}

TEST(PosixConfinementTest, NamesTheLimitThatCouldNotBeSet) {
    // A value above fs.nr_open is refused even to root.
    EXPECT_EQ(limits_after(Resource::open_files, std::nullopt),
              "cannot set the limit of open files to 'unlimited': Operation not permitted");
    EXPECT_EQ(in_another_process([]() -> std::string {
                  if (::geteuid() == 0 && ::setresuid(54321, 54321, 54321) != 0) return "cannot become another";
                  if (!posix_confinement().limit(Resource::core_size, 0)) return "cannot lower it";
                  const auto raised = posix_confinement().limit(Resource::core_size, 1);
                  return raised ? "raised" : raised.error().message();
              }),
              "cannot set the limit of core files to '1': Operation not permitted");
}

TEST(PosixConfinementTest, ForbidsNewPrivileges) {
    EXPECT_EQ(in_another_process([]() -> std::string {
                  if (const auto done = posix_confinement().forbid_new_privileges(); !done)
                      return done.error().message();
                  return std::to_string(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
              }),
              "1");
}

// After a change of user the kernel sets the dumpable flag to fs.suid_dumpable, which is 2 with systemd-coredump.
TEST(PosixConfinementTest, AllowsCoreDumpsAfterAChangeOfUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another";
    std::string before;
    std::getline(std::ifstream{"/proc/sys/fs/suid_dumpable"}, before);

    EXPECT_EQ(in_another_process([]() -> std::string {
                  if (::setresuid(54321, 54321, 54321) != 0) return "cannot become another";
                  const int at_first = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
                  if (const auto done = posix_confinement().allow_core_dumps(); !done) return done.error().message();
                  return std::to_string(at_first) + " " + std::to_string(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
              }),
              before + " 1");
}

/// Checks what a process can do that may write only to `mine`.
class ConfinedWritingTest : public testing::Test {
protected:
    void SetUp() override {
        if (!has_landlock()) GTEST_SKIP() << "this kernel has no Landlock";
        fs::create_directories(mine + "/below");
        fs::create_directories(others);
        for (const std::string& directory_of_file : {mine, others})
            EXPECT_EQ(try_to_make(directory_of_file + "/file"), 0) << directory_of_file;
    }

    /// Returns the outcome of `attempt` once only the paths can be written: the errno in words, or "done".
    static std::string confined(const std::vector<WritablePath>& paths, const std::function<int()>& attempt) {
        return in_another_process([&]() -> std::string {
            Confinement& confinement = posix_confinement();
            if (const auto done = confinement.forbid_new_privileges(); !done) return done.error().message();
            if (const auto done = confinement.confine_writing(paths); !done) return done.error().message();
            const int fault = attempt();
            return fault == 0 ? "done" : errno_text(fault);
        });
    }
    [[nodiscard]] std::string confined(const std::function<int()>& attempt) const {
        return confined({{.path = mine}}, attempt);
    }

    TemporaryDirectory directory;
    std::string mine = directory.file("mine");
    std::string others = directory.file("others");
    static constexpr const char* denied = "Permission denied";
};

TEST_F(ConfinedWritingTest, AllowsTheNamedPaths) {
    EXPECT_EQ(confined([&] { return try_to_make(mine + "/new"); }), "done");
    EXPECT_EQ(confined([&] { return try_to_make(mine + "/below/new"); }), "done");
    EXPECT_EQ(confined([&] { return try_to_open(mine + "/file", O_RDWR | O_TRUNC); }), "done");
    EXPECT_EQ(confined([&] { return fault_of(::mkdir((mine + "/directory").c_str(), 0700)); }), "done");
    EXPECT_EQ(confined([&] { return fault_of(::rmdir((mine + "/directory").c_str())); }), "done");
    EXPECT_EQ(confined([&] { return fault_of(::symlink("x", (mine + "/link").c_str())); }), "done");
    EXPECT_EQ(confined([&] { return fault_of(::mkfifo((mine + "/fifo").c_str(), 0600)); }), "done");
    EXPECT_EQ(confined([&] { return fault_of(::rename((mine + "/file").c_str(), (mine + "/below/renamed").c_str())); }),
              "done");
    EXPECT_EQ(confined([&] { return fault_of(::unlink((mine + "/below/renamed").c_str())); }), "done");
}

TEST_F(ConfinedWritingTest, DeniesAllOtherPaths) {
    const std::string file = others + "/file";
    EXPECT_EQ(confined([&] { return try_to_make(others + "/new"); }), denied);
    EXPECT_EQ(confined([&] { return try_to_open(file, O_WRONLY); }), denied);
    EXPECT_EQ(confined([&] { return try_to_open(file, O_WRONLY | O_APPEND); }), denied);
    EXPECT_EQ(confined([&] { return fault_of(::truncate(file.c_str(), 0)); }), denied);
    EXPECT_EQ(confined([&] { return fault_of(::unlink(file.c_str())); }), denied);
    EXPECT_EQ(confined([&] { return fault_of(::mkdir((others + "/directory").c_str(), 0700)); }), denied);
    EXPECT_EQ(confined([&] { return fault_of(::rename((mine + "/file").c_str(), (others + "/got").c_str())); }),
              denied);
    EXPECT_NE(confined([&] { return fault_of(::link(file.c_str(), (mine + "/stolen").c_str())); }), "done");
    EXPECT_TRUE(fs::exists(file));
}

TEST_F(ConfinedWritingTest, AllowsReading) {
    EXPECT_EQ(confined([&] { return try_to_open(others + "/file", O_RDONLY); }), "done");
    EXPECT_EQ(confined([] { return try_to_open("/etc", O_RDONLY | O_DIRECTORY); }), "done");
    EXPECT_EQ(confined([] {
                  const pid_t child = ::fork();
                  if (child == 0) ::execl("/bin/sh", "sh", "-c", "exit 0", nullptr);
                  int status = -1;
                  ::waitpid(child, &status, 0);
                  return status;
              }),
              "done");
}

TEST_F(ConfinedWritingTest, AllowsOpenFiles) {
    const Descriptor open{::open((others + "/file").c_str(), O_WRONLY | O_CLOEXEC)};
    EXPECT_EQ(confined([&] { return fault_of(static_cast<int>(::write(open.get(), "x", 1))); }), "done");
    EXPECT_EQ(confined([&] { return fault_of(::ftruncate(open.get(), 0)); }), "done");
}

TEST_F(ConfinedWritingTest, AppliesToChildren) {
    EXPECT_EQ(confined([&] {
                  const pid_t child = ::fork();
                  if (child == 0) ::_exit(try_to_make(others + "/new"));
                  int status = 0;
                  ::waitpid(child, &status, 0);
                  return WEXITSTATUS(status);
              }),
              denied);
}

TEST_F(ConfinedWritingTest, ALogDirectoryAllowsRegularFilesOnly) {
    const std::vector<WritablePath> log{{.path = mine, .use = Use::regular_files}};
    EXPECT_EQ(confined(log, [&] { return fault_of(::rename((mine + "/file").c_str(), (mine + "/file.1").c_str())); }),
              "done");
    EXPECT_EQ(confined(log, [&] { return try_to_make(mine + "/file"); }), "done");
    EXPECT_EQ(confined(log, [&] { return try_to_open(mine + "/file", O_WRONLY | O_APPEND); }), "done");
    EXPECT_EQ(confined(log, [&] { return fault_of(::mkdir((mine + "/directory").c_str(), 0700)); }), denied);
    EXPECT_EQ(confined(log, [&] { return fault_of(::mkfifo((mine + "/fifo").c_str(), 0600)); }), denied);
}

TEST_F(ConfinedWritingTest, ASharedDirectoryAllowsRemovalOnly) {
    const std::vector<WritablePath> shared{{.path = mine, .use = Use::removal}};
    EXPECT_EQ(confined(shared, [&] { return try_to_open(mine + "/file", O_WRONLY); }), denied);
    EXPECT_EQ(confined(shared, [&] { return try_to_make(mine + "/new"); }), denied);
    EXPECT_EQ(confined(shared, [&] { return fault_of(::unlink((mine + "/file").c_str())); }), "done");
}

TEST_F(ConfinedWritingTest, AcceptsAFileAndADirectory) {
    const std::vector<WritablePath> paths{{.path = others + "/file"}, {.path = "/dev/null"}};
    EXPECT_EQ(confined(paths, [&] { return try_to_open(others + "/file", O_WRONLY | O_TRUNC); }), "done");
    EXPECT_EQ(confined(paths, [&] { return try_to_open("/dev/null", O_WRONLY); }), "done");
    EXPECT_EQ(confined(paths, [&] { return try_to_make(others + "/new"); }), denied);
    EXPECT_EQ(confined(paths, [&] { return try_to_open("/dev/full", O_WRONLY); }), denied);
}

TEST_F(ConfinedWritingTest, NamesAMissingPath) {
    const std::string gone = directory.file("gone");
    EXPECT_EQ(confined({{.path = gone}}, [] { return 0; }),
              "cannot let the service write '" + gone + "': No such file or directory");
    EXPECT_EQ(confined({{.path = gone, .may_be_missing = true}}, [] { return 0; }), "done");
}

TEST_F(ConfinedWritingTest, WithoutRootItNeedsNoNewPrivileges) {
    EXPECT_EQ(in_another_process([]() -> std::string {
                  if (::geteuid() == 0 && ::setresuid(54321, 54321, 54321) != 0) return "cannot become another";
                  const auto confined = posix_confinement().confine_writing({});
                  return confined ? "done" : confined.error().message();
              }),
              "cannot confine writing: Operation not permitted");
}

TEST_F(ConfinedWritingTest, FailsIfTheKernelSupportsItAndRefuses) {
    EXPECT_EQ(in_another_process([]() -> std::string {
                  Confinement& confinement = posix_confinement();
                  if (!test::deny_system_call(create_ruleset_number + 2, E2BIG)) return "cannot deny";
                  const auto confined = confinement.confine_writing({});
                  return confined ? "done" : confined.error().message();
              }),
              "cannot confine writing: Argument list too long");
}

// Kernels without Landlock, simulated by a filter of system calls.

std::string without_landlock(int errno_value) {
    return in_another_process([=]() -> std::string {
        if (!test::deny_system_call(create_ruleset_number, errno_value)) return "cannot deny";
        const std::array paths{WritablePath{.path = "/no/such/directory"}};
        const auto confined = posix_confinement().confine_writing(paths);
        if (!confined) return confined.error().message();
        return (confined->extent == Extent::none ? "none: " : "some: ") + confined->gap;
    });
}

TEST(UnconfinedWritingTest, ReportsAKernelWithoutLandlock) {
    EXPECT_EQ(without_landlock(ENOSYS), "none: the kernel offers no Landlock here (Function not implemented)");
    EXPECT_EQ(without_landlock(EOPNOTSUPP), "none: the kernel offers no Landlock here (Operation not supported)");
    EXPECT_EQ(without_landlock(EPERM), "none: the kernel offers no Landlock here (Operation not permitted)");
}

}  // namespace
}  // namespace servicekit::os
