#include "servicekit/policies/log/pipe_log.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "integration/support/await.hpp"
#include "integration/support/service_test.hpp"
#include "integration/support/text_file.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

constexpr int writers = 4;
constexpr int lines_each = 25'000;
constexpr int all_lines = writers * lines_each;

/// Has the number twice: the beginning of a line that a kill has torn and the end of another one are not a third line.
std::string message_of(int writer, int number) {
    const std::string name = std::to_string(writer) + ' ' + std::to_string(number);
    return "line " + name + " end " + name;
}

/// How many of the written lines arrived.
struct Count {
    std::set<std::string> lines = {};  ///< the complete lines, by writer and number
    int twice = 0;
    int torn = 0;
    bool in_order = true;    ///< for each writer
    std::uint64_t told = 0;  ///< number of lost lines that the log reports
};

/// Counts what a log's program has kept.
Count count(const std::string& kept) {
    Count count;
    std::vector<int> last(writers, -1);
    std::istringstream lines{kept};
    for (std::string line; std::getline(lines, line);) {
        const auto text = line.find("]: ");
        if (!line.starts_with("20") || text == std::string::npos) {
            ++count.torn;
            continue;
        }
        const std::string message = line.substr(text + 3);
        std::istringstream words{message};
        std::string word;
        int writer = -1;
        int number = -1;
        if (message.find(" lost: ") != std::string::npos) {
            count.told += std::stoull(message);
        } else if (message.starts_with("line ")) {
            if (!(words >> word >> writer >> number) || writer >= writers || message != message_of(writer, number)) {
                ++count.torn;
                continue;
            }
            if (!count.lines.insert(message).second) ++count.twice;
            auto& previous = last.at(static_cast<std::size_t>(writer));
            if (number <= previous) count.in_order = false;
            previous = number;
        }
    }
    return count;
}

/// A log of this process that writes to real programs.
class PipeLogTest : public ServiceTest {
protected:
    void open(Strings command) {
        options.command = std::move(command);
        // The PATH of this process does not contain our programs.
        if (options.command.front() == "splice-keeper") options.command.front() = SERVICEKIT_BIN_DIR "/splice-keeper";
        log = std::make_unique<PipeLog>(options);
        log->configure({.name = "trial"});
        const auto opened = log->open();
        ASSERT_TRUE(opened) << opened.error().message();
        loop = os::make_posix_event_loop("loop");
        ASSERT_TRUE(log->start(*loop));
        ASSERT_TRUE(loop->start());
    }
    void close(std::chrono::milliseconds at_most = 30s) {
        loop->stop();
        log->stop();
        log->close(at_most);
        loop.reset();
    }
    void TearDown() override {
        if (loop) close();
        log.reset();
        ServiceTest::TearDown();
    }

    void write(const std::string& message, LogLevel level = LogLevel::info) {
        log->write({.time = std::chrono::system_clock::now(), .level = level, .message = message});
    }
    /// Writes all lines, from several threads at once.
    void write_all(std::chrono::microseconds pause_each_hundred = 0us) {
        std::vector<std::thread> threads;
        for (int writer = 0; writer < writers; ++writer)
            threads.emplace_back([this, writer, pause_each_hundred] {
                for (int number = 0; number < lines_each; ++number) {
                    write(message_of(writer, number));
                    if (number % 100 == 0 && pause_each_hundred > 0us) std::this_thread::sleep_for(pause_each_hundred);
                }
            });
        for (std::thread& thread : threads) thread.join();
    }
    /// \returns 0 if it does not run
    static pid_t pid_of_program() {
        for (const ProcessFacts& facts : descendants())
            if (!facts.is_zombie()) return facts.pid;
        return 0;
    }
    /// Returns the pid once the program runs: a pid of 0 would mean this process's own group.
    static pid_t running_program() {
        pid_t pid = 0;
        await_state("the log's program runs", [&] { return (pid = pid_of_program()) != 0; });
        return pid;
    }
    /// Kills the program a number of times, each time after it has restarted.
    static void kill_again_and_again(int times) {
        pid_t last = 0;
        for (int time = 0; time < times; ++time) {
            pid_t pid = 0;
            await_state("the log's program runs again", [&] {
                pid = pid_of_program();
                return pid != 0 && pid != last;
            });
            std::this_thread::sleep_for(30ms);  // so that the kill hits it while it works
            ::kill(pid, SIGKILL);
            last = pid;
        }
    }
    [[nodiscard]] std::string kept() const { return read_file(file); }

    std::string file = directory.file("kept");
    PipeLog::Options options{.memory = std::size_t{256} << 20U};
    std::unique_ptr<PipeLog> log;
    std::unique_ptr<os::EventLoop> loop;
};

TEST_F(PipeLogTest, NoLineIsLostWhenItsProgramIsKilledRepeatedly) {
    open({"splice-keeper", file});
    std::thread killer{[] { kill_again_and_again(6); }};
    write_all(1ms);
    killer.join();
    close();
    const Count found = count(kept());
    EXPECT_EQ(found.lines.size(), all_lines);
    EXPECT_EQ(found.twice, 0);
    EXPECT_EQ(found.torn, 0);
    EXPECT_TRUE(found.in_order);
    EXPECT_EQ(found.told, 0U);
    EXPECT_THAT(kept(), HasSubstr(" was killed by signal 9; it restarts in 100 ms\n"));
}

TEST_F(PipeLogTest, AStoppedProgramBlocksNothingAndLossesAreReported) {
    options.memory = std::size_t{1} << 20U;
    open({"splice-keeper", file});
    const pid_t program = running_program();
    ASSERT_EQ(::kill(program, SIGSTOP), 0);
    const auto before = std::chrono::steady_clock::now();
    write_all();
    EXPECT_LT(std::chrono::steady_clock::now() - before, 20s);
    ASSERT_EQ(::kill(program, SIGCONT), 0);
    close();
    const Count found = count(kept());
    EXPECT_GT(found.told, 0U);
    EXPECT_EQ(found.lines.size() + found.told, all_lines);
    EXPECT_EQ(found.torn, 0);
    EXPECT_EQ(found.twice, 0);
    EXPECT_TRUE(found.in_order);
}

TEST_F(PipeLogTest, AtTheEndAStoppedProgramMayReadTheRestLater) {
    open({"splice-keeper", file});
    const Process program{running_program()};
    program.signal(SIGSTOP);
    write("patience", LogLevel::error);
    const auto before = std::chrono::steady_clock::now();
    close(300ms);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 10s);
    log.reset();
    EXPECT_FALSE(program.has_ended());
    program.signal(SIGCONT);
    await_text_in(file, "patience\n");
    EXPECT_TRUE(program.wait_for_end());
}

TEST_F(PipeLogTest, OtherLinesArriveWithinTheDelay) {
    open({"splice-keeper", file});
    write("slowly");
    await_text_in(file, "slowly\n");
}

TEST_F(PipeLogTest, AMissingProgramIsNamed) {
    options.command = {"no-such-keeper"};
    PipeLog other{options};
    other.configure({.name = "trial"});
    EXPECT_EQ(other.open().error().message(),
              "cannot start the log's program 'no-such-keeper': there is no such program in PATH");
}

TEST_F(PipeLogTest, AProgramThatEndsAtOnceFailsTheStart) {
    options.command = {"sh", "-c", "exit 3"};
    options.start_wait = 30s;
    PipeLog other{options};
    other.configure({.name = "trial"});
    EXPECT_EQ(other.open().error().message(), "cannot start the log's program 'sh': it ended with status 3 at once");
}

/// Log programs in common use, each started as in its manual page.
struct Keeper {
    std::string name;
    Strings (*command)(const std::string& directory);
};

[[maybe_unused]] void PrintTo(const Keeper& keeper, std::ostream* stream) { *stream << keeper.name; }

const std::vector<Keeper> keepers{
    {"rotatelogs",
     [](const std::string& directory) {
         return Strings{"rotatelogs", directory + "/log.%s", "1M"};
     }},
    {"multilog",
     [](const std::string& directory) {
         return Strings{"multilog", "s1000000", "n1000", directory};
     }},
    {"svlogd",
     [](const std::string& directory) {
         write_file(directory + "/config", "s1000000\nn1000\n");
         return Strings{"svlogd", directory};
     }},
    {"s6-log",
     [](const std::string& directory) {
         return Strings{"s6-log", "n1000", "s1000000", directory};
     }},
};

class PipeLogKeeperTest : public PipeLogTest, public testing::WithParamInterface<Keeper> {
protected:
    void SetUp() override {
        PipeLogTest::SetUp();
        if (run_command({.arguments = {"sh", "-c", "command -v " + GetParam().name}}).exit_code != 0)
            GTEST_SKIP() << "there is no " << GetParam().name;
        std::filesystem::create_directory(logs);
        options.memory = std::size_t{64} << 20U;
    }
    /// Returns all that it has kept, the oldest first.
    [[nodiscard]] std::string all_kept() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator{logs}) {
            const std::string name = entry.path().filename().string();
            if (name.starts_with('@') || name.starts_with("log.") || name == "current") names.push_back(name);
        }
        std::sort(names.begin(), names.end());  // '@' comes before "current"
        std::string text;
        for (const std::string& name : names) text += read_file(logs + "/" + name);
        return text;
    }

    std::string logs = directory.file("logs");
};

TEST_P(PipeLogKeeperTest, EveryLineIsKeptOnceAcrossRotations) {
    open(GetParam().command(logs));
    write_all();
    close();
    const Count found = count(all_kept());
    EXPECT_EQ(found.lines.size(), all_lines);
    EXPECT_EQ(found.twice, 0);
    EXPECT_EQ(found.torn, 0);
    EXPECT_EQ(found.told, 0U);
}

TEST_P(PipeLogKeeperTest, AKillLosesOnlyWhatTheProgramHadRead) {
    constexpr int kills = 4;
    // The others read 64 KiB at once. s6-log collects what it reads in memory until it can write; a busy machine showed
    // half a megabyte.
    const std::size_t most_read = GetParam().name == "s6-log" ? 1U << 20U : 64U << 10U;
    constexpr std::size_t shortest_line = 60;
    open(GetParam().command(logs));
    std::thread killer{[] { kill_again_and_again(kills); }};
    write_all(1ms);
    killer.join();
    close();
    const Count found = count(all_kept());
    EXPECT_GE(found.lines.size() + kills * (most_read / shortest_line), all_lines);
    EXPECT_EQ(found.twice, 0);
    EXPECT_LE(found.torn, 2 * kills);
    EXPECT_EQ(found.told, 0U);
    RecordProperty("lost", static_cast<int>(all_lines - found.lines.size()));
}

INSTANTIATE_TEST_SUITE_P(Real, PipeLogKeeperTest, testing::ValuesIn(keepers), [](const auto& keeper) {
    std::string name = keeper.param.name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

/// A service that logs to splice-keeper.
class PipedServiceTest : public ServiceTest {
protected:
    PipedServiceTest() { service.add_variable("KEPT_FILE", file); }

    std::string file = directory.file("kept");
    ServiceProgram service{"piped-service", directory.path()};
};

TEST_F(PipedServiceTest, ItsWholeLifeIsKept) {
    EXPECT_EQ(service.verb({"start"}).exit_code, 0);
    EXPECT_EQ(service.verb({"call", "write", "lines=1000"}).exit_code, 0);
    EXPECT_EQ(service.verb({"stop"}).exit_code, 0);
    const std::string kept = read_file(file);
    EXPECT_THAT(kept, HasSubstr(": starting, pid "));
    EXPECT_THAT(kept, HasSubstr(": line 999\n"));
    EXPECT_THAT(kept, testing::EndsWith(": stopped\n"));
}

TEST_F(PipedServiceTest, LinesOlderThanTheDelaySurviveTheService) {
    EXPECT_EQ(service.verb({"start"}).exit_code, 0);
    EXPECT_EQ(service.verb({"call", "write", "lines=1000"}).exit_code, 0);
    const Process process{service.pid_in_file()};
    std::this_thread::sleep_for(400ms);
    process.signal(SIGKILL);
    EXPECT_TRUE(process.wait_for_end());
    await_text_in(file, ": line 999\n");
}

TEST_F(PipedServiceTest, ASignalToTheWholeGroupDoesNotCostTheLastLines) {
    RunningCommand running{service.command({"run"})};
    await_text_in(file, ": ready\n");
    ASSERT_EQ(::kill(-running.pid(), SIGTERM), 0);
    EXPECT_EQ(running.finish().exit_code, 0);
    EXPECT_THAT(read_file(file), testing::EndsWith(": stopped\n"));
}

TEST_F(PipedServiceTest, ItsProgramRunsAsTheUserOfTheService) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    constexpr uid_t nobody = 65534;
    ASSERT_EQ(::chmod(directory.path().c_str(), 0777), 0);
    service.add_options({"--user", "nobody"});
    EXPECT_EQ(service.verb({"start"}).exit_code, 0);
    struct stat status {};
    EXPECT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, nobody);
    EXPECT_EQ(service.verb({"stop"}).exit_code, 0);
    EXPECT_THAT(read_file(file), HasSubstr(": starting, pid "));
}

TEST_F(PipedServiceTest, AProgramThatCannotBeStartedFailsTheStart) {
    service.add_variable("KEPT_FILE", directory.file("none/kept"));
    const Outcome outcome = service.verb({"start"});
    EXPECT_EQ(outcome.exit_code, 73);
    EXPECT_THAT(outcome.err,
                StartsWith("piped-service: cannot start the log's program 'splice-keeper': it ended with status 73"));
}

}  // namespace
}  // namespace servicekit::test
