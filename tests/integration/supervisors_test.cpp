// The installed supervisors, with the files that docs/supervisors.md shows.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "integration/support/service_test.hpp"
#include "servicekit/client.hpp"

namespace servicekit::test {
namespace {

using testing::HasSubstr;

constexpr const char* program = "just-another-server";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
        text.replace(at, what.size(), by);
    return text;
}

class SupervisorsTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        for (const char* name : {"etc", "run"}) std::filesystem::create_directories(directory.file(name));
        server.configure({{"run-directory", directory.file("run")},
                          {"log-file", directory.file("log")},
                          {"app", Object{{"data-directory", directory.file("data")}}}});
        std::filesystem::copy_file(server.config_file(), directory.file("etc/just-another-server.json"));
    }

    void TearDown() override {
        // Ends what a failed test has left. No supervisor is left that would start it again.
        if (server.verb({"stop"}).exit_code != 0) static_cast<void>(server.verb({"kill"}));
        ServiceTest::TearDown();
    }

    static bool is_installed(const std::string& command) {
        return run_command({.arguments = {"sh", "-c", "command -v " + command}}).exit_code == 0;
    }

    /// Writes the file that the document shows for this path, below the directory. \returns its path there
    std::string install(const std::string& path, mode_t permissions) {
        const std::string document = read_file(SERVICEKIT_DOCS_DIR "/supervisors.md");
        const auto at = document.find("`" + path + "`:\n");
        if (at == std::string::npos) throw std::runtime_error{"docs/supervisors.md shows no " + path};
        const auto begin = document.find('\n', document.find("\n```", at) + 1) + 1;
        const auto end = document.find("```", begin);
        std::string text = document.substr(begin, end - begin);
        for (const char* place : {"/etc/", "/run/"}) text = replaced(text, place, directory.path() + place);
        text = replaced(text, "/usr/bin/", SERVICEKIT_BIN_DIR "/");  // last: the build may be below /run

        std::string installed = directory.path() + path;
        std::filesystem::create_directories(std::filesystem::path{installed}.parent_path());
        write_file(installed, text);
        if (::chmod(installed.c_str(), permissions) != 0) throw std::runtime_error{"cannot chmod " + installed};
        return installed;
    }
    static std::string directory_of(const std::string& path) { return std::filesystem::path{path}.parent_path(); }

    Outcome run(const Strings& arguments) const {
        return run_command({.arguments = arguments, .directory = directory.path()});
    }
    RunningCommand begin(const Strings& arguments) const {
        return RunningCommand{Command{.arguments = arguments, .directory = directory.path()}};
    }

    /// Waits for a ready instance that is not `before`. \returns its pid
    pid_t await_ready(pid_t before = 0) const {
        pid_t pid = 0;
        await_state("the service is ready", [&] {
            auto client = Client::connect(server.control_socket());
            const auto status = client ? client->call("status") : Result<Object, CallError>{client.error()};
            if (!status || *status->find("state") != Value{"running"}) return false;
            pid = status->find("pid")->as<pid_t>();
            return pid != before;
        });
        return pid;
    }

    ServiceProgram server{program, directory.path()};
};

TEST_F(SupervisorsTest, S6IsNotifiedOfReadinessAndRestartsAKilledService) {
    if (!is_installed("s6-supervise")) GTEST_SKIP() << "s6 is not installed";
    const std::string service = directory_of(install("/run/service/just-another-server/run", 0755));
    install("/run/service/just-another-server/notification-fd", 0644);
    auto supervisor = begin({"s6-supervise", service});
    await_state("s6-supervise runs", [&] { return run({"s6-svok", service}).exit_code == 0; });

    EXPECT_EQ(run({"s6-svwait", "-U", "-t", "30000", service}).exit_code, 0);
    const pid_t first = await_ready();
    EXPECT_THAT(run({"s6-svstat", service}).out, HasSubstr("up (pid " + std::to_string(first)));
    EXPECT_EQ(run({"s6-svstat", "-o", "ready", service}).out, "true\n");

    Process{first}.signal(SIGKILL);
    await_ready(first);
    EXPECT_EQ(run({"s6-svwait", "-U", "-t", "30000", service}).exit_code, 0);

    EXPECT_EQ(run({"s6-svc", "-xd", service}).exit_code, 0);
    EXPECT_EQ(supervisor.finish().exit_code, 0);
    EXPECT_THAT(server.log(), HasSubstr(" stopped\n"));
}

TEST_F(SupervisorsTest, S6IsNotNotifiedOfAFailedStart) {
    if (!is_installed("s6-supervise")) GTEST_SKIP() << "s6 is not installed";
    write_file(directory.file("etc/just-another-server.json"), R"({"app": {}})");
    const std::string service = directory_of(install("/run/service/just-another-server/run", 0755));
    install("/run/service/just-another-server/notification-fd", 0644);
    auto supervisor = begin({"s6-supervise", service});
    await_state("s6-supervise runs", [&] { return run({"s6-svok", service}).exit_code == 0; });

    EXPECT_NE(run({"s6-svwait", "-U", "-t", "1500", service}).exit_code, 0);
    EXPECT_EQ(run({"s6-svstat", "-o", "ready", service}).out, "false\n");

    EXPECT_EQ(run({"s6-svc", "-xd", service}).exit_code, 0);
    supervisor.finish();
}

TEST_F(SupervisorsTest, RunitChecksTheHealthAndRestartsAKilledService) {
    if (!is_installed("runsv") || !is_installed("sv")) GTEST_SKIP() << "runit is not installed";
    const std::string service = directory_of(install("/etc/service/just-another-server/check", 0755));
    install("/etc/service/just-another-server/run", 0755);
    auto supervisor = begin({"runsv", service});
    await_state("runsv runs", [&] { return run({"sv", "status", service}).exit_code == 0; });

    EXPECT_EQ(run({"sv", "-w", "30", "start", service}).exit_code, 0);
    const pid_t first = await_ready();
    EXPECT_THAT(run({"sv", "status", service}).out, HasSubstr("(pid " + std::to_string(first) + ")"));

    Process{first}.signal(SIGKILL);
    const pid_t second = await_ready(first);
    EXPECT_EQ(run({"sv", "-w", "30", "restart", service}).exit_code, 0);
    await_ready(second);

    EXPECT_EQ(run({"sv", "-w", "30", "exit", service}).exit_code, 0);
    EXPECT_EQ(supervisor.finish().exit_code, 0);
    EXPECT_THAT(server.log(), HasSubstr(" stopped\n"));
}

TEST_F(SupervisorsTest, MonitReadsThePidfileAndRestartsAKilledService) {
    if (!is_installed("monit")) GTEST_SKIP() << "monit is not installed";
    const std::string service = install("/etc/monit/conf.d/just-another-server", 0600);
    std::string settings = "set daemon 1\n";
    for (const char* file : {"pidfile", "idfile", "statefile", "log"})
        settings += std::string{"set "} + file + " " + directory.file(std::string{"monit."} + file) + "\n";
    write_file(directory.file("monitrc"), settings + "include " + service + "\n");
    ASSERT_EQ(::chmod(directory.file("monitrc").c_str(), 0600), 0);
    auto supervisor = begin({"monit", "-I", "-c", directory.file("monitrc")});

    const pid_t first = await_ready();
    EXPECT_EQ(server.pid_in_file(), first);
    await_text_in(directory.file("monit.log"), "is running with pid " + std::to_string(first));

    Process killed{first};
    killed.signal(SIGKILL);
    EXPECT_EQ(killed.exit_code(), 128 + SIGKILL);  // reaped here: to monit a zombie still runs
    const pid_t second = await_ready(first);
    EXPECT_EQ(server.pid_in_file(), second);

    supervisor.signal(SIGTERM);
    EXPECT_EQ(supervisor.finish().exit_code, 0);
    EXPECT_EQ(server.verb({"stop"}).exit_code, 0);
    EXPECT_THAT(server.log(), HasSubstr(" stopped\n"));
}

TEST_F(SupervisorsTest, SupervisordRestartsAKilledServiceAndStopsItCleanly) {
    if (!is_installed("supervisord")) GTEST_SKIP() << "supervisord is not installed";
    const std::string service = install("/etc/supervisor/conf.d/just-another-server.conf", 0644);
    const std::string configuration = directory.file("supervisord.conf");
    write_file(configuration,
               "[unix_http_server]\nfile = " + directory.file("supervisor.sock") +
                   "\n[supervisord]\nnodaemon = true\nlogfile = " + directory.file("supervisord.log") +
                   "\npidfile = " + directory.file("supervisord.pid") + "\nchildlogdir = " + directory.path() +
                   "\n[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = "
                   "supervisor.rpcinterface:make_main_rpcinterface\n[supervisorctl]\nserverurl = unix://" +
                   directory.file("supervisor.sock") + "\n[include]\nfiles = " + service + "\n");
    auto supervisor = begin({"supervisord", "-c", configuration});
    const auto control = [&](const std::string& verb) {
        return run({"supervisorctl", "-c", configuration, verb, program});
    };

    const pid_t first = await_ready();
    await_state("supervisord says that it runs", [&] {
        return control("status").out.find("RUNNING   pid " + std::to_string(first)) != std::string::npos;
    });

    Process{first}.signal(SIGKILL);
    await_ready(first);

    EXPECT_EQ(control("stop").exit_code, 0);
    EXPECT_THAT(control("status").out, HasSubstr("STOPPED"));
    EXPECT_THAT(server.log(), HasSubstr(" stopped\n"));
    supervisor.signal(SIGTERM);
    EXPECT_EQ(supervisor.finish().exit_code, 0);
}

}  // namespace
}  // namespace servicekit::test
