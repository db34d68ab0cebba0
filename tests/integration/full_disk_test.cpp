#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "integration/support/raw_client.hpp"
#include "integration/support/service_test.hpp"

namespace servicekit::test {
namespace {

using testing::AnyOf;
using testing::Eq;

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
                          "mount -t tmpfs -o size=64k tmpfs \"$0\" && (cd \"$0\"; " +
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

std::size_t lines_that_end_with(const std::string& log, const std::string& end) {
    std::istringstream lines{log};
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line);)
        if (line.ends_with(end)) ++count;
    return count;
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
    std::size_t calls = 0;
    for (; calls < 200; ++calls) EXPECT_EQ(call(R"(["echo",{"integer":1}])"), (Object{{"integer", 1}}));
    std::filesystem::remove(disk_of(service) + "/filler");
    for (; calls < 210; ++calls) EXPECT_EQ(call(R"(["echo",{"integer":2}])"), (Object{{"integer", 2}}));

    await_text_in(log, "lines lost: No space left on device");
    const std::string text = read_file(log);
    const std::size_t kept = lines_that_end_with(
        text, "asked for by uid " + std::to_string(::getuid()) + ", pid " + std::to_string(::getpid()));
    EXPECT_GE(lost_lines(text), 100U);
    EXPECT_LT(kept, calls);
    // One whose end alone was lost counts as lost, too.
    EXPECT_THAT(lost_lines(text), AnyOf(Eq(calls - kept), Eq(calls - kept + 1))) << text;
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
