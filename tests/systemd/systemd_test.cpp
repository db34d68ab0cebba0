// Services under a real systemd, with the units that the verb `unit` prints. Each test has a service with its own name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "integration/support/await.hpp"
#include "integration/support/text_file.hpp"
#include "systemd/machine.hpp"

namespace servicekit::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// Returns the Debian release of the machine.
std::string release() {
    const char* const given = std::getenv("SERVICEKIT_SYSTEMD_RELEASE");
    return given != nullptr ? given : "bookworm";
}

/// One machine for all tests of this program, because it takes seconds to boot.
class MachineOfAll final : public testing::Environment {
public:
    void SetUp() override {
        const std::string root = Machine::root_of(release(), obstacle);
        if (!obstacle.empty()) return;
        machine = std::make_unique<Machine>(root);
        const Outcome users = machine->shell(
            "useradd --system worker && useradd --create-home clerk && usermod --append --groups adm clerk && "
            "useradd --create-home stranger && useradd --create-home owner");
        if (users.exit_code != 0) throw std::runtime_error{"cannot add users: " + users.err};
    }
    void TearDown() override { machine.reset(); }

    std::unique_ptr<Machine> machine;
    std::string obstacle;
};

// GoogleTest owns it.
MachineOfAll& everything() {
    static auto* const environment = new MachineOfAll;
    return *environment;
}
const testing::Environment* const registered = testing::AddGlobalTestEnvironment(&everything());

class SystemdTest : public testing::Test {
protected:
    void SetUp() override {
        if (!everything().machine) GTEST_SKIP() << "no machine with systemd: " << everything().obstacle;
    }
    void TearDown() override {
        if (!everything().machine) return;
        if (HasFailure())
            std::cerr << shell("cat /etc/systemd/system/" + name + ".service; systemctl status " + name +
                               "; journalctl --no-pager -n 40 -o short-monotonic")
                             .out;
        (void)shell("systemctl stop " + name + ".socket " + name + ".service");
    }

    static Outcome shell(const std::string& script) { return everything().machine->shell(script); }
    static void expect_ok(const std::string& script) {
        const Outcome outcome = shell(script);
        EXPECT_EQ(outcome.exit_code, 0) << script << "\n" << outcome;
    }
    /// Writes the program's unit, and reloads systemd.
    void install(const std::string& program, const std::string& options = "") const {
        expect_ok(program + " unit --name " + name + " " + options + " >/etc/systemd/system/" + name +
                  ".service && systemctl daemon-reload");
    }
    void configure(const std::string& json) const {
        expect_ok("cat >/etc/" + name + ".json <<'END'\n" + json + "\nEND");
    }
    [[nodiscard]] std::string with_config() const { return "--config /etc/" + name + ".json"; }
    [[nodiscard]] std::string property(const std::string& property, const std::string& type = "service") const {
        std::string value = shell("systemctl show --value -p " + property + " " + name + "." + type).out;
        value.erase(value.find_last_not_of('\n') + 1);
        return value;
    }
    void start() const { expect_ok("systemctl start " + name); }
    /// \param user of the service, which a client must know to trust the service
    [[nodiscard]] Outcome call(const std::string& program, const std::string& words,
                               const std::string& user = "root") const {
        return shell(program + " " + words + " --name " + name + " --user " + user);
    }
    [[nodiscard]] std::string user_of_unit() const {
        std::string user = shell("sed -n 's/^User=//p' /etc/systemd/system/" + name + ".service").out;
        user.erase(user.find_last_not_of('\n') + 1);
        return user.empty() ? "root" : user;
    }
    /// Checks that the service starts as in the unit, answers, and stops without a failure.
    void expect_life(const std::string& program) const {
        start();
        EXPECT_EQ(property("ActiveState"), "active");
        const Outcome status = call(program, "status", user_of_unit());
        EXPECT_EQ(status.exit_code, 0) << status;
        expect_ok("systemctl reload " + name);
        expect_ok("systemctl stop " + name);
        EXPECT_EQ(property("ActiveState"), "inactive");
        EXPECT_EQ(property("Result"), "success");
    }
    [[nodiscard]] std::string journal() const {
        return shell("journalctl --sync; journalctl --no-pager -o cat -u " + name).out;
    }

    std::string name = [] {
        std::string text = testing::UnitTest::GetInstance()->current_test_info()->name();
        for (char& letter : text)
            if (letter == '/') letter = '-';
        return "t-" + text.substr(0, 30);
    }();
};

TEST_F(SystemdTest, ANotifyingServiceRuns) {
    install("systemd-service");
    expect_life("systemd-service");
    EXPECT_THAT(journal(), AllOf(HasSubstr("look out"), HasSubstr("stopped")));
}

TEST_F(SystemdTest, ABackgroundServiceRuns) {
    install("trial-service");
    expect_life("trial-service");
    expect_ok("grep -q 'on_stop ran' /var/log/" + name + "/" + name + ".log");
}

TEST_F(SystemdTest, AForegroundServiceRuns) {
    install("foreground-service");
    expect_life("foreground-service");
}

TEST_F(SystemdTest, AStartThatFailsInTheBackgroundFailsForSystemctl) {
    configure("{}");
    install("trial-service", with_config());
    configure(R"({"app": {"load-throws": true}})");
    EXPECT_NE(shell("systemctl start " + name).exit_code, 0);
    configure(R"({"app": {"start-throws": true}})");
    EXPECT_NE(shell("systemctl start " + name).exit_code, 0);
    EXPECT_THAT(journal(), AllOf(HasSubstr("load throws on purpose"), HasSubstr("start throws on purpose")));
}

TEST_F(SystemdTest, AFailedLoadIsInTheStatus) {
    configure("{}");
    install("systemd-service", with_config());
    expect_ok("rm /etc/" + name + ".json");

    EXPECT_NE(shell("systemctl start " + name).exit_code, 0);

    EXPECT_THAT(property("StatusText"), AllOf(StartsWith("cannot load the configuration"), HasSubstr("No such file")));
    EXPECT_THAT(shell("systemctl status " + name).out, HasSubstr("Status: \"cannot load the configuration"));
    EXPECT_EQ(property("ExecMainStatus"), "78");
    EXPECT_EQ(property("NRestarts"), "0");
}

TEST_F(SystemdTest, AWrongOptionIsInTheStatus) {
    install("systemd-service");
    expect_ok("sed -i 's/ run / run --log-levle=debug /' /etc/systemd/system/" + name +
              ".service && systemctl daemon-reload");
    EXPECT_NE(shell("systemctl start " + name).exit_code, 0);
    EXPECT_THAT(property("StatusText"), HasSubstr("--log-levle"));
    EXPECT_EQ(property("ExecMainStatus"), "64");
}

TEST_F(SystemdTest, ARunningInstanceIsInTheStatus) {
    install("systemd-service");
    expect_ok("mkdir -p /run/" + name);
    const auto other =
        everything().machine->begin("exec systemd-service run --name " + name + " --run-directory /run/" + name);
    other->await_output("ready");

    EXPECT_NE(shell("systemctl start " + name).exit_code, 0);

    EXPECT_THAT(property("StatusText"), HasSubstr("already running (pid "));
    EXPECT_EQ(property("ExecMainStatus"), "69");
    EXPECT_EQ(call("systemd-service", "stop --run-directory /run/" + name).exit_code, 0);
    EXPECT_EQ(other->finish().exit_code, 0);
}

TEST_F(SystemdTest, AFailedStartReportsItsErrno) {
    install("systemd-service", "--stdout /srv/" + name + "/out");
    expect_ok("mkdir -p /srv/" + name + " && mkdir /srv/" + name + "/out");
    EXPECT_NE(shell("systemctl start " + name).exit_code, 0);
    EXPECT_EQ(property("StatusErrno"), "21") << "EISDIR";
    EXPECT_THAT(property("StatusText"), HasSubstr("Is a directory"));
}

TEST_F(SystemdTest, AReloadThatFailsFailsForSystemctlAndTheServiceGoesOn) {
    configure("{}");
    install("systemd-service", with_config());
    start();
    configure(R"({"app": {"reload-throws": true}})");
    EXPECT_NE(shell("systemctl reload " + name).exit_code, 0);
    EXPECT_EQ(property("ActiveState"), "active");
    EXPECT_EQ(property("StatusText"), "running; the last reload failed: reload throws on purpose");
    configure("{}");
    expect_ok("systemctl reload " + name);
    EXPECT_EQ(property("StatusText"), "running");
}

TEST_F(SystemdTest, AnEventThatHangsIsEndedByTheWatchdog) {
    install("systemd-service", "--hang-timeout 1");
    expect_ok("mkdir -p /etc/systemd/system/" + name +
              ".service.d && printf '[Service]\\nWatchdogSec=2\\n' >"
              "/etc/systemd/system/" +
              name + ".service.d/quick.conf && systemctl daemon-reload");
    start();
    const std::string pid = property("MainPID");
    expect_ok("mkfifo /srv/" + name);
    const auto hanging = everything().machine->begin("systemd-service call hold path=/srv/" + name + " --name " + name);
    await_state("the service is started again",
                [&] { return property("NRestarts") == "1" && property("ActiveState") == "active"; });
    EXPECT_NE(property("MainPID"), pid);
    EXPECT_THAT(journal(), HasSubstr("Watchdog timeout"));
    hanging->finish();
}

TEST_F(SystemdTest, TheFirstRequestStartsASocketActivatedService) {
    install("systemd-service", "--user worker");
    expect_ok("systemd-service unit --socket --user worker --name " + name + " >/etc/systemd/system/" + name +
              ".socket && systemctl daemon-reload && systemctl start " + name + ".socket");
    EXPECT_EQ(call("systemd-service", "status").exit_code, 3);
    EXPECT_EQ(property("ActiveState"), "inactive");

    expect_ok(
        "perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Peer => shift) or die; "
        "print $s qq([\"status\"]\\n); $s->flush; print scalar <$s>' /run/" +
        name + "/" + name + ".control | grep -q state");
    EXPECT_EQ(property("ActiveState"), "active");
    expect_ok("systemctl stop " + name);
}

TEST_F(SystemdTest, TheUnitsOfTheExampleServeClientsAfterAStop) {
    if (!std::filesystem::exists(SERVICEKIT_BIN_DIR "/socket-activation")) GTEST_SKIP() << "the examples are not built";
    for (const std::string unit : {"socket-activation.socket", "socket-activation.service"})
        expect_ok("cat >/etc/systemd/system/" + unit + " <<'END'\n" +
                  read_file(SERVICEKIT_DOCS_DIR "/../examples/08_socket_activation/" + unit) + "END");
    expect_ok(
        "sed -i s,/usr/bin/,/opt/servicekit/, /etc/systemd/system/socket-activation.service && "
        "systemctl daemon-reload && systemctl start socket-activation.socket");
    EXPECT_NE(shell("systemctl is-active socket-activation.service").exit_code, 0);

    const std::string connect = "bash -c 'read -r line </dev/tcp/127.0.0.1/7007; test \"$line\" = hello'";
    expect_ok(connect);
    expect_ok("systemctl is-active socket-activation.service && systemctl stop socket-activation.service");
    expect_ok(connect);
    expect_ok("systemctl stop socket-activation.socket socket-activation.service");
}

TEST_F(SystemdTest, ProgressExtendsAStartAndAStop) {
    configure(R"({"start-timeout": 1, "stop-timeout": 1, "app": {"start-steps": 14, "stop-steps": 14}})");
    install("systemd-service", with_config());
    start();
    EXPECT_EQ(property("ActiveState"), "active");
    EXPECT_EQ(property("TimeoutStartUSec"), "6s") << "the manager's limit is over, too";
    expect_ok("systemctl stop " + name);
    EXPECT_EQ(property("Result"), "success");
    EXPECT_THAT(journal(), HasSubstr("stopped"));
}

TEST_F(SystemdTest, ProgressDoesNotExtendAStartBeyondTheMaximum) {
    configure(R"({"start-timeout": 1, "extended-timeout": 2, "app": {"start-steps": 14}})");
    install("systemd-service", with_config());
    EXPECT_NE(shell("systemctl start " + name).exit_code, 0);
    EXPECT_THAT(journal(), HasSubstr("starting took longer than 2 s in all"));
    EXPECT_NE(property("Result"), "success");
}

TEST_F(SystemdTest, AStoppedStartIsNotAFailure) {
    configure(R"({"stop-timeout": 1, "app": {"start-steps": 30}})");
    install("systemd-service", with_config());
    expect_ok("systemctl start --no-block " + name);
    await_state("the start makes progress", [&] { return property("StatusText").starts_with("starting: warming"); });
    expect_ok("systemctl stop " + name);
    EXPECT_EQ(property("Result"), "success");
    EXPECT_EQ(property("ActiveState"), "inactive");
    EXPECT_THAT(journal(), HasSubstr("cannot start: "));
}

TEST_F(SystemdTest, AStopDuringAReloadIsNotAFailure) {
    configure(R"({"app": {"reload-steps": 5}})");
    install("systemd-service", with_config());
    start();
    const auto reload = everything().machine->begin("systemctl reload " + name);
    await_state("the reload makes progress", [&] { return property("StatusText").starts_with("reloading: "); });
    expect_ok("systemctl stop " + name);
    EXPECT_EQ(property("Result"), "success");
    EXPECT_EQ(property("ActiveState"), "inactive");
    reload->finish();
}

TEST_F(SystemdTest, AStoppedStartInTheBackgroundIsNotAFailure) {
    expect_ok("mkfifo /srv/" + name);
    configure(R"({"app": {"start-waits-for-line": "/srv/)" + name + R"("}})");
    install("trial-service", with_config());
    expect_ok("systemctl start --no-block " + name);
    await_state("the start waits", [&] {
        return shell("grep -q 'on_start waits' /var/log/" + name + "/" + name + ".log").exit_code == 0;
    });
    const auto stop = everything().machine->begin("systemctl stop " + name);
    await_state("the stop has begun",
                [&] { return shell("grep -q 'stopping: ' /var/log/" + name + "/" + name + ".log").exit_code == 0; });
    expect_ok("echo >/srv/" + name);
    EXPECT_EQ(stop->finish().exit_code, 0);
    EXPECT_EQ(property("Result"), "success");
    EXPECT_EQ(property("ActiveState"), "inactive");
}

TEST_F(SystemdTest, RunsAsAnotherUser) {
    install("systemd-service", "--user worker --log-level debug");
    expect_life("systemd-service");
    start();
    expect_ok("test \"$(stat -c %U /proc/" + property("MainPID") + ")\" = worker");
    EXPECT_EQ(call("systemd-service", "call write path=/var/lib/" + name + "/file", "worker").exit_code, 0);
    expect_ok("grep -q written /var/lib/" + name + "/file");
}

TEST_F(SystemdTest, AGroupMayOperateTheServiceOfAnotherUser) {
    configure(R"({"control-mode": "660", "control-group": "adm", "control-operate": ["group:adm"]})");
    for (const std::string program : {"systemd-service", "trial-service"}) {
        install(program, with_config() + " --user worker");
        start();
        const std::string options = " --user worker --name " + name + " --run-directory /run/" + name;
        expect_ok("runuser -u clerk -- $(command -v " + program + ") reload" + options);
        EXPECT_NE(shell("runuser -u stranger -- $(command -v " + program + ") reload" + options).exit_code, 0);
        expect_ok("systemctl reload " + name + " && systemctl stop " + name);
    }
}

TEST_F(SystemdTest, RunsAsTheUserOfTheConfigFile) {
    configure(R"({"user": "worker", "control-mode": "660", "control-group": "adm", "log-group": "adm"})");
    for (const std::string program : {"systemd-service", "trial-service"}) {
        install(program, with_config());
        expect_life(program);
    }
    expect_ok("grep -q ^User=worker /etc/systemd/system/" + name + ".service");
}

TEST_F(SystemdTest, AGroupMayOperateOverASocketOfSystemd) {
    const std::string options =
        " --name " + name + " --user worker --control-mode 660 --control-group adm --control-operate group:adm";
    install("systemd-service", options);
    expect_ok("systemd-service unit --socket" + options + " >/etc/systemd/system/" + name +
              ".socket && systemctl daemon-reload && systemctl start " + name + ".socket");
    expect_ok("test \"$(stat -c %a:%U:%G /run/" + name + "/" + name + ".control)\" = 660:worker:adm");
    start();
    expect_ok("runuser -u clerk -- /opt/servicekit/systemd-service reload --user worker --name " + name +
              " --run-directory /run/" + name);
}

TEST_F(SystemdTest, WorkThatNeedsRootPrecedesTheDrop) {
    const std::array<std::string, 4> options{
        "--pid-file /run/" + name + ".pid --control-socket /run/" + name + ".control",
        "--run-directory /run",
        "--log-file /var/log/" + name + ".log",
        "--control-owner owner --control-mode 600",
    };
    for (const std::string& wanted : options)
        for (const std::string program : {"systemd-service", "trial-service"}) {
            install(program, "--user worker " + wanted);
            expect_ok("systemctl start " + name + " || { journalctl --no-pager -n 20; exit 1; }");
            expect_ok("test \"$(stat -c %U /proc/" + property("MainPID") + ")\" = worker");
            expect_ok("systemctl reload " + name + " && systemctl stop " + name);
            EXPECT_EQ(property("Result"), "success") << program << " " << wanted;
        }
}

TEST_F(SystemdTest, RootChangesTheOwnerOfFiles) {
    expect_ok("mkdir -p /srv/" + name + " && chown owner: /srv/" + name);
    const std::array<std::string, 3> options{"--control-owner owner",
                                             "--log-group adm --log-file /var/log/" + name + "/log",
                                             "--log-file /srv/" + name + "/log"};
    for (const std::string& wanted : options)
        for (const std::string program : {"systemd-service", "trial-service"}) {
            install(program, wanted);
            expect_life(program);
        }
}

TEST_F(SystemdTest, AConfigFileOnlyReadableByRootIsRead) {
    configure("{}");
    expect_ok("chmod 600 /etc/" + name + ".json");
    install("systemd-service", with_config() + " --user worker");
    start();
    expect_ok("test \"$(stat -c %U /proc/" + property("MainPID") + ")\" = worker");
}

TEST_F(SystemdTest, TheServiceHasTheGroupOfItsLog) {
    for (const std::string program : {"systemd-service", "trial-service"}) {
        install(program, "--user worker --log-group adm --log-mode 640 --log-file /var/log/" + name + "/log");
        expect_life(program);
    }
    expect_ok("test \"$(stat -c %U:%G:%a /var/log/" + name + "/log)\" = worker:adm:640");
}

TEST_F(SystemdTest, ListsAndFilesInOptionsAreUnchanged) {
    expect_ok("mkdir -p /srv/" + name + "/a /srv/" + name + "/b /srv/" + name + "/streams /srv/" + name +
              "/crashes && "
              "chown -R worker: /srv/" +
              name);
    expect_ok("cd / && SYSTEMD_SERVICE_CONTROL_READ=group:adm,user:clerk systemd-service unit --name " + name +
              " --user worker --writable /srv/" + name + "/a:/srv/" + name +
              "/b --control-operate group:adm "
              "--stdout /srv/" +
              name + "/streams/out --stderr srv/" + name +
              "/streams/err "
              "--crash-directory /srv/" +
              name + "/crashes >/etc/systemd/system/" + name + ".service && systemctl daemon-reload");
    expect_life("systemd-service");
    start();
    EXPECT_EQ(call("systemd-service", "call write path=/srv/" + name + "/b/file", "worker").exit_code, 0);
    expect_ok("grep -q written /srv/" + name + "/b/file && test -e /srv/" + name + "/streams/out -a -e /srv/" + name +
              "/streams/err");
    EXPECT_THAT(call("systemd-service", "call write path=/var/lib/elsewhere", "worker").out, Not(HasSubstr("true")));
}

TEST_F(SystemdTest, UnusualPathsAreUnchanged) {
    const std::string odd = "/srv/" + name + "/a $HOME 100%";
    const std::string odder = odd + "/b\tc\\\"d";
    const std::string program = "'" + odd + "/$x systemd'";
    const std::string options = " --name " + name + " --run-directory '" + odder + "/run'";
    expect_ok("mkdir -p '" + odder + "/run' && cp /opt/servicekit/systemd-service " + program);
    expect_ok(program + " unit" + options + " --stdout '" + odder + "/out $USER' --working-directory '" + odder +
              "' >/etc/systemd/system/" + name + ".service && systemctl daemon-reload");
    start();
    expect_ok("test -e '" + odder + "/out $USER' && " + program + " status" + options);
    expect_ok("test \"$(readlink /proc/" + property("MainPID") + "/cwd)\" = '" + odder + "'");
    expect_ok("systemctl reload " + name);
}

TEST_F(SystemdTest, RelativePathsOfAConfigFileWork) {
    expect_ok("mkdir -p /srv/" + name + "/run /srv/" + name + "/log /srv/" + name + "/data && echo '" +
              R"({"run-directory": "run", "log-file": "log/log", "app": {"data-directory": "data"}})" + "' >/srv/" +
              name + "/x.json && cd /srv/" + name + " && just-another-server unit --name " + name +
              " --writable data " + "--config x.json >/etc/systemd/system/" + name +
              ".service && systemctl daemon-reload");
    start();
    expect_ok("cd /srv/" + name + " && just-another-server status --config x.json --name " + name +
              " && test -e log/log && test -e data/journal.log");
}

TEST_F(SystemdTest, TheJournalHasTheFieldsOfARecord) {
    install("systemd-service", "--user worker");
    start();
    EXPECT_EQ(call("systemd-service", "call note files=3", "worker").exit_code, 0);
    const std::string entry = shell("journalctl --sync; journalctl --no-pager -o json -t " + name + " FILES=3").out;
    EXPECT_THAT(entry, AllOf(HasSubstr(R"("MESSAGE":"noted")"), HasSubstr(R"("PRIORITY":"6")"),
                             HasSubstr("\"_SYSTEMD_UNIT\":\"" + name + ".service\"")));
    EXPECT_THAT(call("systemd-service", "logs").err, HasSubstr("journalctl -t " + name));
}

TEST_F(SystemdTest, ATemplateServesItsInstances) {
    expect_ok("mkdir -p /etc/" + name + " && echo '{}' >/etc/" + name +
              "/one.json && echo '{\"app\": {\"start-throws\": "
              "true}}' >/etc/" +
              name + "/two.json");
    expect_ok("systemd-service unit --template --name " + name + " --config /etc/" + name +
              "/%i.json --user worker "
              ">/etc/systemd/system/" +
              name + "@.service && systemd-service unit --template --socket --name " + name +
              " --user worker >/etc/systemd/system/" + name + "@.socket && systemctl daemon-reload");
    expect_ok("systemctl start " + name + "@one.socket " + name + "@one");
    expect_ok("systemd-service status --user worker --name " + name + "-one");
    EXPECT_NE(shell("systemctl start " + name + "@two").exit_code, 0);
    expect_ok("systemctl stop " + name + "@one.socket " + name + "@one");
}

TEST_F(SystemdTest, TheManagerOfAUserRunsAUnitForIt) {
    const std::string id = "$(id -u clerk)";
    expect_ok("systemctl start user@" + id + " && runuser -u clerk -- mkdir -p /home/clerk/.config/systemd/user");
    const std::string as_user = "runuser -u clerk -- env XDG_RUNTIME_DIR=/run/user/" + id + " ";
    const std::string manage = as_user + "systemctl --user ";
    for (const std::string program : {"systemd-service", "trial-service"}) {
        const std::string units = "/home/clerk/.config/systemd/user/" + name;
        const std::string path = "/opt/servicekit/" + program;
        expect_ok(as_user + path + " unit --user-manager --name " + name + " >" + units + ".service && " + as_user +
                  path + " unit --user-manager --socket --name " + name + " >" + units + ".socket");
        expect_ok(as_user + "systemd-analyze --user verify --man=no " + units + ".service " + units + ".socket");
        expect_ok(manage + "daemon-reload && " + manage + "enable " + name + " && " + manage + "start " + name +
                  ".socket " + name + ".service");
        expect_ok(as_user + path + " status --name " + name + " --run-directory /run/user/" + id + "/" + name);
        expect_ok(manage + "reload " + name + " && " + manage + "stop " + name + ".socket " + name + ".service");
        EXPECT_THAT(shell(manage + "show -p Result,ActiveState " + name).out,
                    AllOf(HasSubstr("Result=success"), HasSubstr("ActiveState=inactive")));
    }
}

/// `servicectl web` in the machine.
class SystemdWebTest : public SystemdTest {
protected:
    void TearDown() override {
        if (everything().machine) (void)shell("systemctl stop " + name + "-web " + name + "-other");
        SystemdTest::TearDown();
    }
    void serve() const {
        expect_ok("systemd-run --quiet --collect --unit " + name + "-web /opt/servicekit/servicectl web '" + name +
                  "*' --allow-actions --listen /run/" + name + ".sock");
        await_state("the server listens", [&] { return shell("test -S /run/" + name + ".sock").exit_code == 0; });
    }
    /// Sends a request to the server. \returns the reply with its head
    [[nodiscard]] std::string ask(const std::string& request, const std::string& body = "") const {
        const std::string text = request +
                                 " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                                 "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
                                 std::to_string(body.size()) + "\r\n\r\n" + body;
        // The machine has no curl.
        return shell("printf %s '" + text + "' | perl -MIO::Socket::UNIX -e '$/ = undef; my $server = " +
                     "IO::Socket::UNIX->new(Peer => shift) or die; print $server <STDIN>; $server->flush; " +
                     "print <$server>' /run/" + name + ".sock")
            .out;
    }
    /// Returns the page of a service when the server knows its unit.
    [[nodiscard]] std::string page_of(const std::string& service) const {
        std::string page;
        await_state("the unit is known", [&] {
            page = ask("GET /services/" + service);
            return page.find(" 200 OK") != std::string::npos &&
                   page.find("asking systemd for its unit") == std::string::npos;
        });
        return page;
    }
    /// Requests a restart with the form of the page. \returns the reply
    [[nodiscard]] std::string restart(const std::string& service) const {
        const std::string page = page_of(service);
        const std::string before = "name=\"form_token\" value=\"";
        const auto begins = page.find(before) + before.size();
        return ask("POST /services/" + service + "/restart",
                   "form_token=" + page.substr(begins, page.find('"', begins) - begins));
    }
};

TEST_F(SystemdWebTest, RestartsAServiceByItsUnit) {
    install("systemd-service");
    start();
    serve();
    EXPECT_THAT(page_of(name), HasSubstr("/services/" + name + "/restart"));
    const std::string pid = property("MainPID");
    EXPECT_THAT(ask("POST /services/" + name + "/restart", "form_token=nonsense"), HasSubstr(" 403 Forbidden"));
    EXPECT_EQ(property("MainPID"), pid);

    EXPECT_THAT(restart(name), HasSubstr(" 303 See Other"));
    await_state("another process runs", [&] {
        const std::string now = property("MainPID");
        return now != pid && now != "0" && property("ActiveState") == "active";
    });
    EXPECT_EQ(call("systemd-service", "status").exit_code, 0);
    EXPECT_EQ(property("Result"), "success");
}

// Its process is in the unit of the program that has started it. A restart of that unit would be that of the program.
TEST_F(SystemdWebTest, RestartsNoServiceThatIsNotTheMainProcessOfItsUnit) {
    const std::string other = name + "-other";
    expect_ok("systemd-run --quiet --collect --unit " + other + " sh -c '/opt/servicekit/trial-service start --name " +
              other + " && exec sleep infinity'");
    await_state("the service runs", [&] { return shell("trial-service health --name " + other).exit_code == 0; });
    serve();
    const std::string pid = shell("trial-service pid --name " + other).out;
    EXPECT_THAT(page_of(other), HasSubstr("no unit of systemd runs it"));
    EXPECT_THAT(restart(other), AllOf(HasSubstr(" 403 Forbidden"), HasSubstr("no unit of systemd runs it")));
    EXPECT_EQ(shell("trial-service pid --name " + other).out, pid);
}

/// The result of systemd-analyze(1) for every kind of unit.
class SystemdAnalyzeTest : public SystemdTest {
protected:
    /// \param most the highest allowed exposure, times ten
    void expect_verified(const std::string& program, const std::string& options, int most) const {
        const std::string base = "/tmp/" + name;
        expect_ok(program + " unit --name " + name + " " + options + " >" + base + ".service && " + program +
                  " unit --socket --name " + name + " " + options + " >" + base + ".socket");
        const Outcome verified =
            shell("systemd-analyze verify --man=no --recursive-errors=no " + base + ".service " + base + ".socket");
        EXPECT_EQ(verified.exit_code, 0) << options << "\n" << verified;
        EXPECT_EQ(verified.out + verified.err, "") << options;
        const Outcome security =
            shell("systemd-analyze security --no-pager --offline=yes --threshold=" + std::to_string(most) + " " + base +
                  ".service");
        EXPECT_EQ(security.exit_code, 0) << program << " " << options << "\n" << security;
    }
};

TEST_F(SystemdAnalyzeTest, AcceptsEachUnitWithALowExposure) {
    for (const std::string program : {"systemd-service", "trial-service", "foreground-service"}) {
        expect_verified(program, "--user worker", 12);
        // Root, a group of others, and a drop by the service itself raise the exposure, which no other line can lower
        // again.
        expect_verified(program, "", 15);
        expect_verified(program, "--user worker --control-mode 660 --control-group adm", 14);
        expect_verified(program, "--user worker --control-owner owner", 24);
        expect_verified(program, "--user worker --pid-file /run/x.pid", 24);
        expect_verified(program,
                        "--user worker --log-file /var/log/x/log --umask 027 --limit-open-files 1000 "
                        "--limit-core unlimited",
                        12);
    }
}

}  // namespace
}  // namespace servicekit::test
