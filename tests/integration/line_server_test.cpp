// What the line server (example 03) does when something fails.
#include <filesystem>
#include <fstream>
#include <string>

#include "integration/support/service_test.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class LineServerTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        server.configure_app({{"data-directory", data}});
    }

    [[nodiscard]] static std::string port_of(const Object& status) { return to_json(*status.find("port")); }
    [[nodiscard]] std::string journal() const { return read_file(data + "/journal.log"); }

    std::string data = directory.file("data");
    ServiceProgram server{"just-another-server", directory.path()};
};

TEST_F(LineServerTest, ABackupFollowsNoLinkAndIsReadableByItsOwnerOnly) {
    const RunningService service{server};
    const std::string backup = directory.file("backup");
    write_file(data + "/ours", "12345");
    write_file(directory.file("victim"), "untouched");
    fs::create_directories(backup);
    fs::create_symlink(directory.file("victim"), backup + "/.begun.ours");
    fs::create_symlink(directory.file("victim"), backup + "/ours");

    service.call("backup", {{"directory", backup}});

    EXPECT_EQ(read_file(directory.file("victim")), "untouched");
    EXPECT_EQ(read_file(backup + "/ours"), "12345");
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(backup + "/ours")));
    EXPECT_EQ(fs::status(backup + "/ours").permissions(), fs::perms{0600});
}

TEST_F(LineServerTest, ABackupCopiesFilesButNotTheTargetsOfLinks) {
    const RunningService service{server};
    fs::create_directory(directory.file("outside"));
    std::ofstream{directory.file("outside/file")} << "not ours";
    fs::create_symlink("../outside/file", data + "/link");
    fs::create_directory_symlink("../outside", data + "/directory");
    std::ofstream{data + "/ours"} << "12345";

    const Object reply = service.call("backup", {{"directory", directory.file("deeper/backup")}});

    EXPECT_EQ(reply, (Object{{"files", 2}, {"bytes", 5}}));
    EXPECT_EQ(read_file(directory.file("deeper/backup/ours")), "12345");
    EXPECT_FALSE(fs::exists(directory.file("deeper/backup/link")));
    EXPECT_FALSE(fs::exists(directory.file("deeper/outside")));
}

TEST_F(LineServerTest, ABackupIntoTheDirectoryItselfIsRefused) {
    const RunningService service{server};

    const Object error = service.call_in_vain("backup", {{"directory", data + "/backup"}});

    EXPECT_THAT(error.find("message")->as_string(), HasSubstr("is in the directory to back up"));
}

TEST_F(LineServerTest, ARestartGetsThePortDespiteEarlierConnections) {
    Value port;
    {
        const RunningService service{server};
        port = *service.call("status").find("port");
        // The server closes this connection first, so the connection stays in TIME-WAIT on the server's side.
        const Outcome stopped = shell("bash -c 'exec 3<>/dev/tcp/127.0.0.1/" + to_json(port) +
                                      "; read greeting <&3; just-another-server stop --run-directory run'");
        ASSERT_EQ(stopped.exit_code, 0) << stopped;
    }
    server.configure_app({{"data-directory", data}, {"port", port}});

    const RunningService service{server};

    EXPECT_EQ(*service.call("status").find("port"), port);
}

TEST_F(LineServerTest, NoLineIsLostWhileTheDiskIsFull) {
    fs::create_directory(data);
    server.add_options({"--stderr", directory.file("errors")});
    const Strings command = server.command({"run"}).arguments;
    Strings arguments{
        "unshare",
        "--mount",
        "sh",
        "-c",
        "mount -t tmpfs -o size=256k tmpfs \"$0\" && (cat /dev/zero >\"$0/filler\" || true) && exec \"$@\"",
        data};
    if (run_command({.arguments = {"unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", data}}).exit_code != 0)
        GTEST_SKIP() << "this user may not mount anything";
    arguments.insert(arguments.end(), command.begin(), command.end());
    RunningCommand service{{.arguments = arguments, .directory = directory.path()}};
    const auto status = [this] {
        const Outcome asked = server.verb({"status", "--json"});
        const auto reply = parse_json(asked.out);
        return asked.exit_code == 0 && std::holds_alternative<Value>(reply) ? std::get<Value>(reply).as_object()
                                                                            : Object{};
    };
    await_state("it runs", [&] { return status().find("port") != nullptr; });

    const RunningCommand client{
        {.arguments = {"sh", "-c", "seq 1000 | socat -t 60 stdio tcp:127.0.0.1:" + port_of(status())}}};
    await_text_in(directory.file("errors"), "cannot write the journal");
    const std::string disk = "/proc/" + std::to_string(service.pid()) + "/root" + data;
    fs::remove(disk + "/filler");
    await_state("all lines are written", [&] {
        const Object told = status();
        return told.find("lines") != nullptr && to_json(*told.find("lines")) == "1000";
    });

    std::string expected;
    for (int line = 1; line <= 1000; ++line) expected += std::to_string(line) + '\n';
    EXPECT_EQ(read_file(disk + "/journal.log"), expected);
    EXPECT_EQ(server.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.finish().exit_code, 0);
}

}  // namespace
}  // namespace servicekit::test
