// servicectl, with services in processes of their own.
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>

#include "integration/support/service_test.hpp"
#include "integration/support/strangers.hpp"

namespace servicekit::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ServicectlTest : public ServiceTest {
protected:
    static Outcome servicectl(Strings words, const Variables& variables = {}) {
        words.insert(words.begin(), "servicectl");
        return run_command({.arguments = words, .variables = variables});
    }
    /// Returns the line of `list` for a service.
    static std::string line_of(const std::string& name, const Outcome& listed) {
        const auto begin = ("\n" + listed.out).find("\n" + name + " ");
        return begin == std::string::npos ? "" : listed.out.substr(begin, listed.out.find('\n', begin) - begin);
    }
};

TEST_F(ServicectlTest, ControlsAServiceByItsName) {
    RunningService service{trial};
    const std::string pid = std::to_string(service.pid());

    EXPECT_THAT(line_of("trial-service", servicectl({"list"})),
                AllOf(HasSubstr("running"), HasSubstr(pid), HasSubstr("ready")));
    EXPECT_THAT(servicectl({"status", "trial-service"}).out, HasSubstr(pid));
    EXPECT_EQ(servicectl({"pid", trial.control_socket()}).out, pid + "\n");
    EXPECT_EQ(servicectl({"pid", trial.pid_file()}).out, pid + "\n");
    EXPECT_THAT(servicectl({"logs", "trial-service"}).out, HasSubstr("ready"));
    EXPECT_THAT(servicectl({"crashes", "trial-service"}).out, HasSubstr("no crash reports"));
    EXPECT_EQ(servicectl({"reload", "trial-service"}).exit_code, 0);
    EXPECT_EQ(servicectl({"log-level", "trial-service", "debug"}).exit_code, 0);
    EXPECT_THAT(servicectl({"events", "trial-servic"}).err, HasSubstr("did you mean 'trial-service'?"));
    EXPECT_EQ(servicectl({"wait", trial.pid_file(), "-t"}).exit_code, 1);
    RunningCommand waiting{{.arguments = {"servicectl", "wait", trial.pid_file()}}};
    EXPECT_EQ(servicectl({"stop", "trial-service"}).exit_code, 0);
    EXPECT_TRUE(service.has_ended());
    EXPECT_EQ(waiting.finish().exit_code, 0);
    EXPECT_EQ(servicectl({"status", "trial-service"}).exit_code, 3);
    EXPECT_EQ(line_of("trial-service", servicectl({"list"})), "");
    EXPECT_THAT(line_of("trial-service", servicectl({"list", "--all"})), HasSubstr("stopped"));
}

TEST_F(ServicectlTest, HungAndKilledServicesAreShownAtOnce) {
    RunningService service{trial};
    service.signal(SIGSTOP);
    const auto begin = std::chrono::steady_clock::now();
    const Outcome hung = servicectl({"list"});
    // It waits for one second, and the machine may be slow.
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{20});
    EXPECT_THAT(line_of("trial-service", hung), AllOf(HasSubstr("hung"), HasSubstr(std::to_string(service.pid()))));

    service.signal(SIGKILL);
    static_cast<void>(service.exit_code());
    EXPECT_THAT(line_of("trial-service", servicectl({"list"})), HasSubstr("dead"));
    const Outcome status = servicectl({"status", "trial-service"});
    EXPECT_EQ(status.exit_code, 1);
    EXPECT_THAT(status.out, AllOf(HasSubstr(trial.pid_file()), HasSubstr(trial.control_socket())));
}

TEST_F(ServicectlTest, APatternMeansSeveralServices) {
    ServiceProgram first{"trial-service", directory.path()};
    first.add_options({"--name", "pattern-1"});
    ServiceProgram second{"trial-service", directory.path()};
    second.add_options({"--name", "pattern-2"});
    ASSERT_EQ(first.verb({"start"}).exit_code, 0);
    ASSERT_EQ(second.verb({"start"}).exit_code, 0);

    EXPECT_THAT(servicectl({"health", "pattern-*"}).out,
                AllOf(HasSubstr("pattern-1: ready"), HasSubstr("pattern-2: ready")));
    const Outcome refused = servicectl({"stop", "pattern-*"});
    EXPECT_EQ(refused.exit_code, 64);
    EXPECT_THAT(refused.err, AllOf(HasSubstr("pattern-1"), HasSubstr("pattern-2"), HasSubstr("--yes")));
    EXPECT_EQ(servicectl({"stop", "pattern-*", "--yes"}).exit_code, 0);
    EXPECT_EQ(first.verb({"status"}).exit_code, 3);
    EXPECT_EQ(second.verb({"status"}).exit_code, 3);
}

TEST_F(ServicectlTest, RootControlsTheServiceOfAnotherUserAsThatUser) {
    if (!is_root()) GTEST_SKIP() << "needs root";
    ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
    const std::string temporary = directory.file("tmp");
    fs::create_directory(temporary);
    ASSERT_EQ(::chmod(temporary.c_str(), 01777), 0);
    const Variables variables{
        {"TMPDIR", temporary}, {"XDG_RUNTIME_DIR", ""}, {"RUNTIME_DIRECTORY", ""}, {"SERVICEKIT_RECORDS", ""}};
    const Strings options{"--name", "strangers-service"};
    Command start{.arguments = {"trial-service", "start", "--name", "strangers-service"}, .variables = variables};
    const Outcome started = run_command(as_stranger(start));
    ASSERT_EQ(started.exit_code, 0) << started;

    EXPECT_THAT(line_of("strangers-service", servicectl({"list"}, variables)),
                AllOf(HasSubstr("running"), HasSubstr("nobody")));
    EXPECT_EQ(servicectl({"stop", "strangers-*", "--yes"}, variables).exit_code, 7);
    EXPECT_EQ(servicectl({"stop", "strangers-service"}, variables).exit_code, 0);
    EXPECT_EQ(line_of("strangers-service", servicectl({"list"}, variables)), "");
}

/// A service that root has started as another user, with a run directory of that user.
class ServicectlForAUserTest : public ServicectlTest {
protected:
    void SetUp() override {
        if (!is_root()) GTEST_SKIP() << "needs root";
        ServicectlTest::SetUp();
        ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
        fs::create_directories(fun.run_directory());
        for (const std::string& theirs_too : {theirs, fun.run_directory()})
            ASSERT_EQ(::chown(theirs_too.c_str(), stranger, stranger), 0);
        fun.add_options(
            {"--name", "fun-service", "--user", "nobody", "--pid-file", fun.pid_file(), "--control-socket", socket});
    }
    const std::string theirs = directory.file("theirs");
    ServiceProgram fun{"trial-service", theirs};
    const std::string socket = fun.control_socket();
};

TEST_F(ServicectlForAUserTest, RootControlsIt) {
    RunningService service{fun};
    const std::string pid = std::to_string(service.pid());

    EXPECT_THAT(servicectl({"status", socket}).out, HasSubstr(pid));
    EXPECT_EQ(servicectl({"log-level", "fun-service", "debug"}).exit_code, 0);
    EXPECT_EQ(servicectl({"reload", "fun-service"}).exit_code, 0);
    EXPECT_EQ(servicectl({"pid", "fun-service"}).out, pid + "\n");
    EXPECT_THAT(servicectl({"logs", "fun-service"}).out, HasSubstr("ready"));
    const Outcome stopped = servicectl({"stop", "fun-service"});
    EXPECT_EQ(stopped.exit_code, 0) << stopped;
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(ServicectlForAUserTest, ALinkOfItsUserDoesNotDirectAVerbAtAServiceOfRoot) {
    RunningService important{trial};
    RunningService service{fun};
    ASSERT_EQ(::rename(socket.c_str(), (theirs + "/kept").c_str()), 0);
    fs::create_symlink(trial.control_socket(), socket);
    ASSERT_EQ(::lchown(socket.c_str(), stranger, stranger), 0);

    for (const char* const verb : {"stop", "kill", "status"}) {
        const Outcome refused = servicectl({verb, socket});
        EXPECT_EQ(refused.exit_code, 77) << verb << refused;
        EXPECT_THAT(refused.err, HasSubstr("symbolic link")) << verb;
    }
    EXPECT_FALSE(important.has_ended());

    ASSERT_EQ(::rename((theirs + "/kept").c_str(), socket.c_str()), 0);
    EXPECT_EQ(servicectl({"stop", "fun-service"}).exit_code, 0);
}

TEST_F(ServicectlTest, RunsOnAnotherHostBySsh) {
    const std::string bin = directory.file("bin");
    fs::create_directory(bin);
    write_file(bin + "/ssh", "#!/bin/sh\n[ \"$1\" = -- ] || exit 3\necho \"on $2\"\nshift 2\nexec sh -c \"$*\"\n");
    fs::permissions(bin + "/ssh", fs::perms::owner_all);
    RunningService service{trial};

    const Outcome outcome = shell("PATH=" + bin + ":$PATH servicectl -H db.example.org health trial-service");
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    EXPECT_THAT(outcome.out, AllOf(HasSubstr("on db.example.org"), HasSubstr("trial-service: ready")));
}

}  // namespace
}  // namespace servicekit::test
