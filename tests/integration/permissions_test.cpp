#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "integration/os/forked_child.hpp"
#include "integration/support/raw_client.hpp"
#include "integration/support/service_test.hpp"
#include "integration/support/strangers.hpp"

namespace servicekit::test {
namespace {

using os::test::ForkedChild;
using os::test::Lines;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace fs = std::filesystem;

struct Ownership {
    uid_t uid = 0;
    gid_t gid = 0;
    mode_t permissions = 0;
    friend bool operator==(const Ownership&, const Ownership&) = default;
    friend std::ostream& operator<<(std::ostream& stream, const Ownership& of) {
        return stream << "uid " << of.uid << " gid " << of.gid << " mode " << std::oct << of.permissions << std::dec;
    }
};

Ownership ownership_of(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) throw std::runtime_error{"cannot look at " + path};
    return {status.st_uid, status.st_gid, status.st_mode & 07777};
}

/// Returns the words after a key of /proc/PID/status.
Strings words_of(pid_t pid, const std::string& key) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/status"};
    for (std::string line; std::getline(file, line);) {
        std::istringstream rest{line};
        std::string word;
        rest >> word;
        if (word != key + ":") continue;
        Strings words;
        while (rest >> word) words.push_back(word);
        return words;
    }
    throw std::runtime_error{"no " + key};
}

class PermissionsTest : public ServiceTest {
protected:
    void SetUp() override {
        if (!is_root()) GTEST_SKIP() << "only root can be another user";
        ServiceTest::SetUp();
        if (as_stranger_run({"--version"}).exit_code != 0) GTEST_SKIP() << "another user may not run the programs here";
    }

    [[nodiscard]] Outcome as_stranger_run(const Strings& verb) const {
        return run_command(as_stranger(trial.command(verb)));
    }

    void expect_that_a_stranger_cannot(const std::string& verb, const std::string& words) const {
        const Outcome outcome = as_stranger_run({verb});
        EXPECT_EQ(outcome.exit_code, 77) << verb << ": " << outcome;
        EXPECT_EQ(outcome.err, "trial-service: cannot " + words + ": Operation not permitted\n");
    }
};

class StrangerTest : public PermissionsTest {};

TEST_F(StrangerTest, MayNotConnect) {
    const RunningService service{trial};

    EXPECT_EQ(ownership_of(trial.control_socket()), (Ownership{0, 0, 0600}));
    for (const char* verb : {"reload", "events", "log-reopen", "log-level"}) {
        const Outcome outcome = as_stranger_run({verb});
        EXPECT_EQ(outcome.exit_code, 77) << verb << ": " << outcome;
        EXPECT_EQ(outcome.err,
                  "trial-service: cannot connect to '" + trial.control_socket() + "': Permission denied\n");
    }
    EXPECT_EQ(as_stranger_run({"call", "echo"}).exit_code, 77);
}

TEST_F(StrangerTest, MayNotStopOrKill) {
    const RunningService service{trial};
    const std::string process = "signal process '" + std::to_string(service.pid()) + "'";

    expect_that_a_stranger_cannot("stop", process);
    expect_that_a_stranger_cannot("kill", process);
    EXPECT_FALSE(service.has_ended());
}

TEST_F(StrangerTest, MaySeeThatItRunsSinceMonitorsDo) {
    const RunningService service{trial};

    EXPECT_EQ(ownership_of(trial.pid_file()), (Ownership{0, 0, 0644}));
    EXPECT_EQ(as_stranger_run({"pid"}).out, std::to_string(service.pid()) + "\n");
    EXPECT_EQ(as_stranger_run({"wait", "--test"}).exit_code, 1);
    const Outcome status = as_stranger_run({"status"});
    EXPECT_EQ(status.exit_code, 0);
    EXPECT_THAT(status.out, HasSubstr("running"));
    EXPECT_THAT(status.err, HasSubstr("Permission denied"));
}

TEST_F(StrangerTest, StartReportsThatItRunsAlready) {
    const RunningService service{trial};

    EXPECT_EQ(as_stranger_run({"start"}).exit_code, 69);
}

TEST_F(StrangerTest, IsLoggedByUidIfTheModeAdmitsEveryone) {
    trial.add_options({"--control-mode", "666", "--control-operate", "everyone"});
    const RunningService service{trial};

    const Outcome reply = as_stranger_run({"call", "echo", "string=hello"});

    EXPECT_EQ(reply.exit_code, 0) << reply;
    service.await_log("event 'echo' {\"string\":\"hello\"} asked for by uid " + std::to_string(stranger) + ", pid ");
}

/// Connections of one user that send nothing.
class Crowd {
public:
    Crowd(uid_t user, const std::string& socket, std::size_t connections)
        : child_{[=](Lines& parent) {
              become(user);
              std::vector<RawClient> clients;
              while (clients.size() < connections) clients.emplace_back(socket);
              parent.tell("connected");
              const std::size_t expected = std::stoul(parent.hear());
              auto refused = clients.end();
              const auto counts_down = [&] {
                  refused = std::partition(clients.begin(), clients.end(),
                                           [](RawClient& client) { return !client.has_output(); });
                  return static_cast<std::size_t>(refused - clients.begin()) <= expected;
              };
              await_state("the others are refused", counts_down);
              parent.tell(std::to_string(refused - clients.begin()));
              parent.tell(refused != clients.end() ? refused->line() : "none was refused");
              parent.hear();
              return 0;
          }} {
        if (const std::string outcome = child_.hear(); outcome != "connected") throw std::runtime_error{outcome};
    }

    struct Fate {
        std::size_t kept = 0;
        std::string told;  ///< what the first refused client received
    };
    /// \param expected number of connections that are kept; the others may be refused a while after they have connected
    Fate fate(std::size_t expected) {
        child_.tell(std::to_string(expected));
        Fate fate;
        fate.kept = std::stoul(child_.hear());
        fate.told = child_.hear();
        return fate;
    }

private:
    ForkedChild child_;
};

TEST_F(StrangerTest, HasAtMostTheConnectionsOfOneUser) {
    const RunningService service{trial};
    fs::permissions(trial.control_socket(), fs::perms{0666});

    Crowd crowd{stranger, trial.control_socket(), 80};
    Crowd another{stranger - 1, trial.control_socket(), 1};
    service.call("status");

    const Crowd::Fate fate = crowd.fate(64);
    EXPECT_EQ(fate.kept, 64U);
    EXPECT_EQ(fate.told, R"({"error":{"code":"busy","message":"too many connections","limit":64}})");
    EXPECT_EQ(another.fate(1).kept, 1U);
}

TEST_F(StrangerTest, CannotKeepOperatorsOutWithManyConnections) {
    const RunningService service{trial};
    fs::permissions(trial.control_socket(), fs::perms{0666});

    std::vector<std::unique_ptr<Crowd>> crowds;
    for (uid_t user = stranger; user > stranger - 9; --user)
        crowds.push_back(std::make_unique<Crowd>(user, trial.control_socket(), 60));
    std::vector<RawClient> operators;
    for (int count = 0; count < 8; ++count) operators.emplace_back(trial.control_socket());
    for (RawClient& client : operators) {
        client.send("[\"status\"]");
        EXPECT_EQ(client.reply().find("pid")->as_integer(), service.pid());
    }

    std::size_t kept = 0;
    // Of 512 connections 8 are for operators: the last crowd gets what eight crowds of 60 leave.
    for (const auto& crowd : crowds) kept += crowd->fate(crowd == crowds.back() ? 24 : 60).kept;
    EXPECT_EQ(kept, 504U);
}

/// A service that root starts and that runs as nobody.
class DroppedPrivilegesTest : public PermissionsTest {
protected:
    void SetUp() override {
        PermissionsTest::SetUp();
        trial.add_options({"--user", std::to_string(stranger), "--group", std::to_string(stranger)});
    }

    /// Allows the service to remove and create files there.
    void give_to_stranger(const std::string& path) const {
        fs::create_directories(path);
        if (::chown(path.c_str(), stranger, stranger) != 0) throw std::runtime_error{"cannot chown"};
    }
};

TEST_F(DroppedPrivilegesTest, NothingOfRootIsLeft) {
    const RunningService service{trial};

    const std::string id = std::to_string(stranger);
    EXPECT_THAT(words_of(service.pid(), "Uid"), ElementsAre(id, id, id, id));
    EXPECT_THAT(words_of(service.pid(), "Gid"), ElementsAre(id, id, id, id));
    EXPECT_THAT(words_of(service.pid(), "Groups"), ElementsAre(id));
    for (const char* set : {"CapPrm", "CapEff", "CapAmb"})
        EXPECT_THAT(words_of(service.pid(), set), ElementsAre("0000000000000000")) << set;
}

TEST_F(DroppedPrivilegesTest, EveryThreadDropsItsPrivileges) {
    const RunningService service{trial};

    const std::string id = std::to_string(stranger);
    int threads = 0;
    for (const auto& task : fs::directory_iterator{"/proc/" + std::to_string(service.pid()) + "/task"}) {
        ++threads;
        EXPECT_THAT(words_of(static_cast<pid_t>(std::stol(task.path().filename().string())), "Uid"),
                    ElementsAre(id, id, id, id));
    }
    EXPECT_GE(threads, 2);
}

TEST_F(DroppedPrivilegesTest, SocketAndLogChangeOwnerAndThePidfileStaysRoots) {
    const RunningService service{trial};

    EXPECT_EQ(ownership_of(trial.pid_file()), (Ownership{0, 0, 0644}));
    EXPECT_EQ(ownership_of(trial.control_socket()), (Ownership{stranger, stranger, 0600}));
    EXPECT_EQ(ownership_of(trial.log_file()), (Ownership{stranger, stranger, 0640}));
}

TEST_F(DroppedPrivilegesTest, RootAndTheNewUserTalkToItAndStopIt) {
    {
        RunningService service{trial};
        EXPECT_EQ(trial.verb({"reload"}).exit_code, 0);
        EXPECT_EQ(as_stranger_run({"reload"}).exit_code, 0);
        EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
        EXPECT_EQ(service.exit_code(), 0);
    }
    RunningService service{trial};
    const Outcome stopped = as_stranger_run({"stop"});
    EXPECT_EQ(stopped.exit_code, 0) << stopped;
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(DroppedPrivilegesTest, RootStopsItBySignalIfItsSocketIsGone) {
    RunningService service{trial};
    fs::remove(trial.control_socket());

    const Outcome stopped = trial.verb({"stop"});

    EXPECT_EQ(stopped.exit_code, 0) << stopped;
    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(trial.log(), HasSubstr("stopping: SIGTERM from uid 0"));
}

TEST_F(DroppedPrivilegesTest, InARunDirectoryOfItsOwnItLeavesAnEmptyPidfile) {
    give_to_stranger(run);
    RunningService service{trial};

    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_EQ(fs::file_size(trial.pid_file()), 0U);
    EXPECT_FALSE(fs::exists(trial.control_socket()));
}

TEST_F(DroppedPrivilegesTest, LeftoversInRootsRunDirectoryAreHarmless) {
    RunningService service{trial};

    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_EQ(fs::file_size(trial.pid_file()), 0U);
    EXPECT_TRUE(fs::is_socket(trial.control_socket()));
    const Outcome status = trial.verb({"status"});
    EXPECT_EQ(status.exit_code, 3) << status;
    EXPECT_THAT(status.out, Not(HasSubstr("killed")));
    RunningService next{trial};
    EXPECT_EQ(next.call("status").find("pid")->as_integer(), next.pid());
}

TEST_F(DroppedPrivilegesTest, TheLogIsReopenedInADirectoryOfTheUser) {
    const std::string logs = directory.file("logs");
    give_to_stranger(logs);
    trial.add_options({"--log-file", logs + "/log"});
    const RunningService service{trial};
    fs::rename(logs + "/log", logs + "/log.1");

    EXPECT_EQ(trial.verb({"log-reopen"}).exit_code, 0);

    EXPECT_EQ(trial.verb({"call", "echo", "string=after"}).exit_code, 0);
    await_text_in(logs + "/log", "after");
    EXPECT_THAT(read_file(logs + "/log.1"), AllOf(HasSubstr("ready"), Not(HasSubstr("after"))));
    EXPECT_EQ(ownership_of(logs + "/log").uid, stranger);
}

TEST_F(DroppedPrivilegesTest, ALogThatCannotBeReopenedIsStillWritten) {
    const RunningService service{trial};
    fs::rename(trial.log_file(), directory.file("log.1"));

    const Outcome reopened = trial.verb({"log-reopen"});

    EXPECT_EQ(reopened.exit_code, 1);
    EXPECT_THAT(reopened.err, HasSubstr("cannot open the log '" + trial.log_file() + "': Permission denied"));
    EXPECT_EQ(trial.verb({"call", "echo", "string=after"}).exit_code, 0);
    await_text_in(directory.file("log.1"), "after");
    service.signal(SIGUSR1);
    await_text_in(directory.file("log.1"), "error trial-service[" + std::to_string(service.pid()) + "]: cannot open");
}

TEST_F(DroppedPrivilegesTest, UserThatDoesNotExistIsRefused) {
    trial.add_options({"--user", "no-such-user"});

    const Outcome started = trial.verb({"start"});

    EXPECT_EQ(started.exit_code, 78);
    EXPECT_EQ(started.err, "trial-service: cannot become the user 'no-such-user': there is no such user\n");
    EXPECT_EQ(trial.verb({"status"}).exit_code, 3);
}

TEST_F(DroppedPrivilegesTest, OnlyRootCanBecomeAnotherUser) {
    give_to_stranger(run);
    trial.add_options({"--user", "root", "--group", "root", "--log-file", run + "/log"});

    const Outcome started = as_stranger_run({"start"});

    EXPECT_EQ(started.exit_code, 77);
    EXPECT_THAT(started.err, HasSubstr("Operation not permitted"));
    EXPECT_EQ(trial.verb({"status"}).exit_code, 3);
}

TEST_F(PermissionsTest, APidfileOfAFormerUserIsTakenOver) {
    ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
    ASSERT_EQ(::mkdir(trial.run_directory().c_str(), 0755), 0);
    write_file(trial.pid_file(), "");
    ASSERT_EQ(::chown(trial.pid_file().c_str(), stranger, stranger), 0);

    const RunningService service{trial};

    EXPECT_EQ(ownership_of(trial.pid_file()), (Ownership{0, 0, 0644}));
    EXPECT_EQ(trial.pid_in_file(), service.pid());
}

}  // namespace
}  // namespace servicekit::test
