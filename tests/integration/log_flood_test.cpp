// Many lines at once: no line is lost, duplicated or torn, whatever happens to the file at the same time.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "integration/support/service_test.hpp"

namespace servicekit::test {
namespace {

class LogFloodTest : public ServiceTest {
protected:
    /// Returns the text of all log files, the oldest first, decompressed.
    [[nodiscard]] std::string whole_log() const {
        return shell("for f in $(ls log-* 2>/dev/null) log; do zcat -f \"$f\"; done").out;
    }
    /// Checks that each thread's lines are all there once, in order, and not torn.
    static void expect_all(const std::string& log, std::size_t threads, std::size_t lines) {
        std::map<std::size_t, std::size_t> next;
        std::istringstream all{log};
        std::size_t faults = 0;
        for (std::string line; std::getline(all, line);) {
            const auto words = line.find(": flood ");
            if (words == std::string::npos) {
                EXPECT_NE(line.find("trial-service["), std::string::npos) << "torn: " << line;
                continue;
            }
            std::size_t thread = 0;
            std::size_t number = 0;
            std::istringstream{line.substr(words + 8)} >> thread >> number;
            const bool whole = line.ends_with(" of a line that is about as long as lines of a log are");
            if ((!whole || number != next[thread]++) && ++faults < 5)
                ADD_FAILURE() << "line " << next[thread] - 1 << " of thread " << thread << " is '" << line << "'";
        }
        for (std::size_t thread = 0; thread < threads; ++thread) EXPECT_EQ(next[thread], lines) << "thread " << thread;
        EXPECT_EQ(faults, 0U);
    }
    /// Returns the example that the guide shows, with this service's names, and more files kept than the test makes.
    [[nodiscard]] std::string logrotate_example() const {
        std::string text = read_file(SERVICEKIT_DOCS_DIR "/logging/logrotate.conf");
        const auto put = [&text](const std::string& what, const std::string& in_place_of) {
            const auto found = text.find(in_place_of);
            ASSERT_NE(found, std::string::npos) << in_place_of;
            text.replace(found, in_place_of.size(), what);
        };
        put(trial.log_file(), "/var/log/just-another-server.log");
        put("rotate 1000", "rotate 8");
        put("trial-service log-reopen --run-directory " + run + " --name trial-service",
            "just-another-server log-reopen");
        return text;
    }
    static Object flood(const RunningService& service, std::size_t threads, std::size_t lines, double seconds = 0) {
        return service.call("flood", {{"lines", lines}, {"threads", threads}, {"seconds", seconds}});
    }
};

TEST_F(LogFloodTest, LosesNothingWhileItsFileIsRotatedAndCompressed) {
    trial.add_options({"--log-rotate-size", "1M", "--log-compress"});
    {
        const RunningService service{trial};
        const Object flooded = flood(service, 4, 50'000);
        RecordProperty("lines_per_second", std::to_string(200'000 / flooded.find("seconds")->as_number()));
        EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    }
    expect_all(whole_log(), 4, 50'000);
    EXPECT_EQ(shell("ls log-*.tmp log.new 2>/dev/null").out, "");
    EXPECT_NE(shell("ls log-*.gz").out, "");
}

TEST_F(LogFloodTest, LosesNothingWhileLogrotateMovesItsFile) {
    write_file(directory.file("logrotate.conf"), logrotate_example());
    {
        const RunningService service{trial};
        RunningCommand flooding{trial.command({"call", "flood", "lines=100000", "threads=2", "seconds=2"})};
        int rotations = 0;
        while (!flooding.has_ended()) {
            const Outcome rotated = shell("logrotate --force --state state logrotate.conf");
            ASSERT_EQ(rotated.exit_code, 0) << rotated;
            ++rotations;
        }
        EXPECT_EQ(flooding.finish().exit_code, 0);
        EXPECT_GT(rotations, 1);
        EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    }
    expect_all(shell("for f in $(ls log.[0-9]* | sort -t. -k2 -n -r) log; do zcat -f \"$f\"; done").out, 2, 100'000);
}

TEST_F(LogFloodTest, AKillLosesNoLineOlderThanTheDelay) {
    RunningService service{trial};
    flood(service, 2, 1'000);
    for (const char* last : {"flood 0 999 ", "flood 1 999 "}) await_text_in(trial.log_file(), last);
    service.signal(SIGKILL);
    EXPECT_EQ(service.exit_code(), 128 + SIGKILL);
    expect_all(read_file(trial.log_file()), 2, 1'000);
}

TEST_F(LogFloodTest, AStopWritesTheLastLine) {
    trial.add_options({"--log-delay", "60"});
    {
        const RunningService service{trial};
        flood(service, 1, 100);
        EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    }
    expect_all(whole_log(), 1, 100);
    EXPECT_NE(whole_log().find(": stopped\n"), std::string::npos);
}

TEST_F(LogFloodTest, FollowingShowsEachLineAcrossRotations) {
    trial.add_options({"--log-rotate-size", "200K"});
    const RunningService service{trial};
    RunningCommand logs{trial.command({"logs", "-f", "-n", "100000"})};
    logs.await_output(" ready\n");
    flood(service, 1, 20'000, 1.0);
    logs.await_output("flood 0 19999 ");
    logs.signal(SIGINT);
    const Outcome shown = logs.finish();
    EXPECT_EQ(shown.exit_code, 0);
    expect_all(shown.out.substr(0, shown.out.rfind('\n') + 1), 1, 20'000);
}

TEST_F(LogFloodTest, FollowingShowsEachLineWhileOldFilesAreCompressed) {
    trial.add_options({"--log-rotate-size", "1M", "--log-compress"});
    const RunningService service{trial};
    RunningCommand logs{trial.command({"logs", "-f", "-n", "100000"})};
    logs.await_output(" ready\n");
    flood(service, 1, 100'000);
    logs.await_output("flood 0 99999 ");
    logs.signal(SIGINT);
    const Outcome shown = logs.finish();
    EXPECT_EQ(shown.exit_code, 0);
    EXPECT_EQ(shown.err, "");
    expect_all(shown.out.substr(0, shown.out.rfind('\n') + 1), 1, 100'000);
}

TEST_F(LogFloodTest, FollowingReportsOldFilesThatWereRemovedTooSoon) {
    trial.add_options({"--log-rotate-size", "1M", "--log-keep", "2"});
    const RunningService service{trial};
    RunningCommand logs{trial.command({"logs", "-f", "-n", "100000"})};
    logs.await_output(" ready\n");
    logs.signal(SIGSTOP);
    flood(service, 1, 100'000);
    await_state("only two are kept", [&] { return shell("ls log-* | wc -l").out == "2\n"; });
    logs.signal(SIGCONT);
    logs.await_output("flood 0 99999 ");
    logs.signal(SIGINT);
    const Outcome shown = logs.finish();
    EXPECT_EQ(shown.exit_code, 0);
    EXPECT_EQ(shown.err,
              "trial-service: lines may be missing here: rotated files of the log were removed before they could be "
              "shown\n");
    // Every line that is still there is shown once, in order.
    const std::string kept = whole_log();
    EXPECT_TRUE(shown.out.ends_with(kept)) << shown.out.size() << " bytes shown, " << kept.size() << " kept";
}

TEST_F(LogFloodTest, FollowingMissesNothingIfLogrotateCompressesAtOnce) {
    std::string config = logrotate_example();
    config.replace(config.find("delaycompress"), std::string{"delaycompress"}.size(), "nodelaycompress");
    write_file(directory.file("logrotate.conf"), config);
    const RunningService service{trial};
    RunningCommand logs{trial.command({"logs", "-f"})};
    logs.await_output(" ready\n");
    logs.signal(SIGSTOP);
    flood(service, 1, 1'000);
    const Outcome rotated = shell("logrotate --force --state state logrotate.conf && ls log.1.gz");
    logs.signal(SIGCONT);
    ASSERT_EQ(rotated.exit_code, 0) << rotated;
    service.call("echo", {{"string", "the last line"}});
    logs.await_output("the last line");
    logs.signal(SIGINT);
    const Outcome shown = logs.finish();
    EXPECT_EQ(shown.exit_code, 0);
    EXPECT_EQ(shown.err, "");
    EXPECT_THAT(shown.out, testing::HasSubstr("flood 0 999 "));
}

TEST_F(LogFloodTest, SinceShowsWhatTheServiceHasCompressed) {
    trial.add_options({"--log-rotate-size", "50K", "--log-compress"});
    const RunningService service{trial};
    flood(service, 1, 3'000);
    const Outcome shown = trial.verb({"logs", "--since", "10m"});
    EXPECT_EQ(shown.exit_code, 0);
    EXPECT_EQ(shown.err, "");
    expect_all(shown.out, 1, 3'000);
    await_state("one is compressed", [&] { return shell("ls log-*.gz").exit_code == 0; });
    expect_all(trial.verb({"logs", "--since", "10m"}).out, 1, 3'000);
}

TEST_F(LogFloodTest, SinceShowsWhatLogrotateHasMoved) {
    write_file(directory.file("logrotate.conf"), logrotate_example());
    const RunningService service{trial};
    const auto rotate = [this] {
        const Outcome rotated = shell("logrotate --force --state state logrotate.conf");
        ASSERT_EQ(rotated.exit_code, 0) << rotated;
    };
    RunningCommand flooding{trial.command({"call", "flood", "lines=3000", "seconds=1"})};
    for (int rotations = 0; rotations < 3; ++rotations) {
        // The flood may be over by now: this writes another line.
        (void)service.call("log-level", {{"level", "info"}});
        await_state("there is something to be moved", [this] { return !trial.log().empty(); });
        rotate();
    }
    EXPECT_EQ(flooding.finish().exit_code, 0);
    ASSERT_NE(shell("ls log.2.gz").out, "");

    const Outcome shown = trial.verb({"logs", "--since", "10m"});
    EXPECT_EQ(shown.exit_code, 0);
    EXPECT_EQ(shown.err, "");
    EXPECT_NE(shown.out.find(": starting, pid "), std::string::npos);
    expect_all(shown.out, 1, 3'000);
}

TEST_F(LogFloodTest, TheLogrotateExampleWorksForAStoppedService) {
    write_file(directory.file("logrotate.conf"), logrotate_example());
    const std::string rotate = "logrotate --force --state state logrotate.conf";
    const Outcome without_file = shell(rotate);
    EXPECT_EQ(without_file.exit_code, 0) << without_file;
    {
        const RunningService service{trial};
        EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    }
    const Outcome without_service = shell(rotate);
    EXPECT_EQ(without_service.exit_code, 0) << without_service;
    EXPECT_EQ(shell("ls log.1").exit_code, 0);
    // If the service runs and does not reopen its log, logrotate fails.
    EXPECT_NE(shell("sed 's/log-reopen/no-such-verb/' logrotate.conf >wrong.conf; echo >log; logrotate --force --state "
                    "state wrong.conf")
                  .exit_code,
              0);
}

TEST_F(LogFloodTest, ATornLineIsEndedBeforeTheNextStartLogs) {
    write_file(trial.log_file(), "2026-01-02T03:04:05.000000Z info trial-service[1]: to");
    const RunningService service{trial};
    EXPECT_THAT(trial.log(), testing::StartsWith("2026-01-02T03:04:05.000000Z info trial-service[1]: to\n20"));
}

TEST_F(LogFloodTest, AfterAKillInAFloodTheNextLinesAreWhole) {
    for (int life = 0; life < 3; ++life) {
        RunningService service{trial};
        RunningCommand flooding{trial.command({"call", "flood", "lines=1000000", "threads=2"})};
        const auto size = std::filesystem::file_size(trial.log_file());
        await_state("it floods", [&] { return std::filesystem::file_size(trial.log_file()) > size + 200'000; });
        service.signal(SIGKILL);
        EXPECT_EQ(service.exit_code(), 128 + SIGKILL);
        (void)flooding.finish();
    }
    { const RunningService service{trial}; }
    std::istringstream all{trial.log()};
    for (std::string line; std::getline(all, line);) {
        // A torn line is the last of its life. No line has the beginning of another one inside it.
        EXPECT_EQ(line.find("Z info trial-service["), line.rfind("Z info trial-service[")) << line;
    }
}

}  // namespace
}  // namespace servicekit::test
