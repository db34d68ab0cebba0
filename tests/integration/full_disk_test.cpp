#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "integration/support/raw_client.hpp"
#include "integration/support/service_test.hpp"

namespace servicekit::test {
namespace {

/// A service that alone sees a small disk, which is gone with it.
class FullDiskTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        std::filesystem::create_directory(disk);
        if (run_command(with_disk("", {"true"})).exit_code != 0) GTEST_SKIP() << "this user may not mount anything";
    }

    /// \param preparation what a shell does in the disk's folder before the command
    [[nodiscard]] Command with_disk(const std::string& preparation, const Strings& command) const {
        Strings arguments{"unshare",
                          "--mount",
                          "sh",
                          "-c",
                          "mount -t tmpfs -o size=512k tmpfs \"$0\" && (cd \"$0\"; " +
                              (preparation.empty() ? "true" : preparation) + ") && exec \"$@\"",
                          disk};
        arguments.insert(arguments.end(), command.begin(), command.end());
        return {.arguments = arguments, .folder = folder.path()};
    }

    /// The disk's folder as this process sees it.
    [[nodiscard]] std::string disk_of(const RunningCommand& service) const {
        return "/proc/" + std::to_string(service.pid()) + "/root" + disk;
    }

    [[nodiscard]] Object call(const std::string& request) const {
        RawClient client{trial.control_socket()};
        client.send(request);
        return client.reply();
    }

    std::string disk = folder.file("disk");
    const std::string fill = "cat /dev/zero >filler 2>/dev/null || true";
};

/// How many lines the log says were lost.
std::size_t lost_lines(const std::string& log) {
    std::istringstream lines{log};
    std::size_t lost = 0;
    for (std::string line; std::getline(lines, line);) {
        const auto words = line.find(" lines lost: No space left on device");
        if (words == std::string::npos) continue;
        lost += std::stoul(line.substr(line.rfind(' ', words - 1) + 1));
    }
    return lost;
}

TEST_F(FullDiskTest, ServiceGoesOnWithoutItsLogAndTellsLaterHowMuchIsMissing) {
    trial.add_options({"--log-file", disk + "/log"});
    RunningCommand service{with_disk("", trial.command({"run"}).arguments)};
    await_state("it runs", [&] { return trial.verb({"status"}).exit_code == 0; });
    const std::string log = disk_of(service) + "/log";
    await_text_in(log, "ready");

    std::ofstream filler{disk_of(service) + "/filler"};
    while (filler << std::string(4096, '.') << std::flush) {
    }
    filler.close();
    constexpr std::size_t lines = 5000;
    (void)call(R"(["flood",{"lines":5000}])");
    EXPECT_EQ(call(R"(["echo",{"integer":1}])"), (Object{{"integer", 1}}));
    std::filesystem::remove(disk_of(service) + "/filler");

    await_text_in(log, "lines lost: No space left on device");
    // What has room on the disk by now is written when the service stops, at the latest.
    (void)call(R"(["log-level"])");
    const std::string text = read_file(log);
    std::size_t kept = 0;
    for (std::size_t line = 0; line < lines; ++line)
        if (text.find("flood 0 " + std::to_string(line) + " of") != std::string::npos) ++kept;
    // Of the service's own lines a few may be among the lost ones.
    EXPECT_GE(kept + lost_lines(text), lines);
    EXPECT_LE(kept + lost_lines(text), lines + 10);
    EXPECT_GE(lost_lines(text), 100U);
    EXPECT_GE(kept, 500U);
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.finish().exit_code, 0);
}

TEST_F(FullDiskTest, ServiceStartsAndStopsThoughItsLogHasNoRoom) {
    trial.add_options({"--log-file", disk + "/log"});
    RunningCommand service{with_disk(fill, trial.command({"run"}).arguments)};
    await_state("it runs", [&] { return trial.verb({"status"}).exit_code == 0; });

    EXPECT_EQ(std::filesystem::file_size(disk_of(service) + "/log"), 0U);
    EXPECT_EQ(call(R"(["echo",{"integer":1}])"), (Object{{"integer", 1}}));
    EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.finish().exit_code, 0);
}

TEST_F(FullDiskTest, PidfileThatCannotBeWrittenEndsTheStartInWords) {
    trial.add_options({"--run-directory", disk});

    const Outcome started = run_command(with_disk(fill, trial.command({"start"}).arguments));

    EXPECT_EQ(started.exit_code, 73);
    EXPECT_EQ(started.err, "trial-service: cannot write '" + disk + "/trial-service.pid': No space left on device\n");
}

}  // namespace
}  // namespace servicekit::test
