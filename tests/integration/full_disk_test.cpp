#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "integration/support/raw_client.hpp"
#include "integration/support/service_test.hpp"

namespace servicekit::test {
namespace {

/// A service that has a small disk to itself. The disk disappears with the service.
class FullDiskTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        std::filesystem::create_directory(disk);
        if (run_command(with_disk("", {"true"})).exit_code != 0) GTEST_SKIP() << "this user may not mount anything";
    }

    /// \param preparation what a shell runs in the disk's directory before the command
    [[nodiscard]] Command with_disk(const std::string& preparation, const Strings& command) const {
        Strings arguments{"unshare",
                          "--mount",
                          "sh",
                          "-c",
                          "mount -t tmpfs -o size=512k tmpfs \"$0\" && (cd \"$0\"; " +
                              (preparation.empty() ? "true" : preparation) + ") && exec \"$@\"",
                          disk};
        arguments.insert(arguments.end(), command.begin(), command.end());
        return {.arguments = arguments, .directory = directory.path()};
    }

    /// Returns the disk's directory as this process sees it.
    [[nodiscard]] std::string disk_of(const RunningCommand& service) const {
        return "/proc/" + std::to_string(service.pid()) + "/root" + disk;
    }

    [[nodiscard]] Object call(const std::string& request) const {
        RawClient client{trial.control_socket()};
        client.send(request);
        return client.reply();
    }

    std::string disk = directory.file("disk");
    const std::string fill = "cat /dev/zero >filler 2>/dev/null || true";
};

/// How much a log has of the lines that were written to it.
struct Kept {
    std::size_t lines = 0;        ///< without those that report losses
    std::size_t flood_lines = 0;  ///< among them
    std::size_t lost = 0;         ///< as reported by the log
    Strings faults = {};          ///< lines that are torn, joined or duplicated
};

Kept kept_in(const std::string& log) {
    Kept kept;
    std::set<std::string> seen;
    // The last line may still be incomplete.
    std::istringstream lines{log.substr(0, log.rfind('\n') + 1)};
    const std::string head = " trial-service[";
    for (std::string line; std::getline(lines, line);) {
        const std::size_t who = line.find(head);
        const bool is_one = who != std::string::npos && line.find("Z ") < who && line.rfind(head) == who;
        const std::size_t words = line.find("]: ");
        if (!is_one || words == std::string::npos) {
            kept.faults.push_back(line);
            continue;
        }
        const std::string message = line.substr(words + 3);
        if (const auto lost = message.find(" lines lost: No space left on device"); lost != std::string::npos) {
            kept.lost += std::stoul(message.substr(0, lost));
            continue;
        }
        ++kept.lines;
        if (!message.starts_with("flood ")) continue;
        ++kept.flood_lines;
        const bool whole = message.ends_with(" of a line that is about as long as lines of a log are");
        if (!whole || !seen.insert(message).second) kept.faults.push_back(line);
    }
    return kept;
}

TEST_F(FullDiskTest, GoesOnWithoutItsLogAndLaterReportsTheLosses) {
    trial.add_options({"--log-file", disk + "/log"});
    RunningCommand service{with_disk("", trial.command({"run"}).arguments)};
    await_state("it answers", [&] { return trial.verb({"events"}).exit_code == 0; });
    const std::string log = disk_of(service) + "/log";
    await_text_in(log, "ready");

    std::ofstream filler{disk_of(service) + "/filler"};
    while (filler << std::string(4096, '.') << std::flush) {
    }
    filler.close();
    constexpr std::size_t lines = 100'000;
    (void)call(R"(["flood",{"lines":25000,"threads":4,"seconds":1}])");
    EXPECT_EQ(call(R"(["echo",{"integer":1}])"), (Object{{"integer", 1}}));
    std::filesystem::remove(disk_of(service) + "/filler");

    await_text_in(log, "lines lost: No space left on device");
    // The others are starting, ready, and two lines each for `flood` and `echo`.
    constexpr std::size_t written = lines + 6;
    Kept kept;
    await_state("each line is there or told of", [&] {
        kept = kept_in(read_file(log));
        return kept.lines + kept.lost >= written;
    });
    EXPECT_EQ(kept.lines + kept.lost, written);
    EXPECT_THAT(kept.faults, testing::IsEmpty());
    EXPECT_GE(kept.lost, 100U);
    EXPECT_GE(kept.flood_lines, 500U);
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.finish().exit_code, 0);
}

TEST_F(FullDiskTest, StartsAndStopsWithoutRoomForTheLog) {
    trial.add_options({"--log-file", disk + "/log"});
    RunningCommand service{with_disk(fill, trial.command({"run"}).arguments)};
    await_state("it answers", [&] { return trial.verb({"events"}).exit_code == 0; });

    EXPECT_EQ(std::filesystem::file_size(disk_of(service) + "/log"), 0U);
    EXPECT_EQ(call(R"(["echo",{"integer":1}])"), (Object{{"integer", 1}}));
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.finish().exit_code, 0);
}

TEST_F(FullDiskTest, AnUnwritablePidfileFailsTheStartWithAMessage) {
    trial.add_options({"--run-directory", disk});

    const Outcome started = run_command(with_disk(fill, trial.command({"start"}).arguments));

    EXPECT_EQ(started.exit_code, 73);
    EXPECT_EQ(started.err, "trial-service: cannot write '" + disk + "/trial-service.pid': No space left on device\n");
}

}  // namespace
}  // namespace servicekit::test
