#include "servicectl/top/watch_services.hpp"

#include <cerrno>
#include <csignal>

#include "unit/servicectl/servicectl_fixture.hpp"
#include "unit/servicectl/top/fake_screen.hpp"

namespace servicekit::servicectl::top {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf, ::testing::Contains, ::testing::Each, ::testing::ElementsAre, ::testing::EndsWith,
    ::testing::HasSubstr, ::testing::IsEmpty, ::testing::Not, ::testing::StartsWith;

class ServicectlTopTest : public ServicectlFixture {
protected:
    ServicectlTopTest() {
        for (const os::Stream stream : {os::Stream::in, os::Stream::out}) host.streams.set_terminal(stream, true);
        host.environment.set("TERM", "xterm");
        host.processes.add(host.process.id());
        terminal.size.rows = 50;
    }

    /// \returns the exit code of `servicectl top OPTIONS...`
    int top(std::vector<std::string> options = {}) {
        options.insert(options.begin(), {"servicectl", "top"});
        tools.open_screen = [this](const ScreenOptions& screen) -> Result<std::unique_ptr<Screen>> {
            if (refusal) return *refusal;
            return std::unique_ptr<Screen>{std::make_unique<FakeScreen>(terminal, screen)};
        };
        return run_servicectl(options, tools);
    }
    /// Lets this time pass, and then makes a step. Until then each earlier step has had its effect.
    void after(std::chrono::milliseconds time, std::function<void()> step) {
        host.when_idle([this, time] { host.advance(time); });
        host.when_idle(std::move(step));
    }
    void type_after(std::chrono::milliseconds time, const std::string& letters) {
        after(time, [this, letters] { terminal.type(letters); });
    }

    /// Adds a service with a record and a log, which answers `events`, too. \returns its requests
    ScriptedService& serve_with_log(const std::string& log) {
        host.files.add_file("/var/log/web.log", log);
        StartRecord record;
        record.naming = {.service = "web", .program = "/usr/bin/web"};
        record.paths = {.name = "web",
                        .run_directory = "/run",
                        .pid_file = "/run/web.pid",
                        .control_socket = "/run/web.control",
                        .log_file = "/var/log/web.log"};
        add_directory("/run/servicekit", 0);
        host.files.add_file("/run/servicekit/web-0123456789abcdef.json", to_text(record));
        serve("/run", "web", "");
        services.pop_back();
        services.push_back(std::make_unique<ScriptedService>(
            host, "/run/web.control", [](const std::string& request) -> std::vector<ScriptedService::Piece> {
                if (request.find("events") == std::string::npos) return {{.text = std::string{running} + "\n"}};
                return {{.text = R"({"events":[{"name":"greet","description":"greets somebody"}]})"
                                 "\n"}};
            }));
        return *services.back();
    }

    void append(const std::string& path, const std::string& text) {
        const auto file = host.files.open_for_appending(path, 0644);
        ASSERT_TRUE(file);
        ASSERT_EQ((*file)->write(text).bytes, text.size());
    }

    FakeTerminal terminal{host.reactor};
    std::optional<Error> refusal;
};

TEST_F(ServicectlTopTest, ShowsTheServicesUntilTheUserQuits) {
    serve("/run", "web");
    host.when_idle([this] {
        EXPECT_THAT(terminal.text(), AllOf(StartsWith("1 service, 1 running"), HasSubstr("web   running  7000")));
        terminal.type("q");
    });

    EXPECT_EQ(top(), 0) << error();
    EXPECT_EQ(terminal.calls, "open close");
    EXPECT_EQ(terminal.options.terminal, "xterm");
    EXPECT_TRUE(terminal.options.has_colours);
    EXPECT_FALSE(host.signals.is_taken());
    EXPECT_THAT(error(), IsEmpty());
}

TEST_F(ServicectlTopTest, AsksAgainAtTheInterval) {
    serve("/run", "web");
    host.when_idle([this] { serve("/run", "db"); });
    after(4900ms, [this] { EXPECT_THAT(terminal.text(), Not(HasSubstr("db"))); });
    after(200ms, [this] {
        EXPECT_THAT(terminal.text(), HasSubstr("db"));
        terminal.type("q");
    });

    EXPECT_EQ(top({"--interval", "5"}), 0);
}

TEST_F(ServicectlTopTest, SpaceAsksAtOnce) {
    serve("/run", "web");
    host.when_idle([this] {
        serve("/run", "db");
        terminal.type(" ");
    });
    host.when_idle([this] {
        EXPECT_THAT(terminal.text(), HasSubstr("db"));
        terminal.type("q");
    });

    EXPECT_EQ(top(), 0) << error();
}

TEST_F(ServicectlTopTest, KeysWorkWhileServicesHang) {
    for (const char* const name : {"slow-1", "slow-2"}) serve("/run", name, "");
    host.when_idle([this] { terminal.type("?"); });
    host.when_idle([this] {
        // The services have a minute to answer.
        EXPECT_THAT(terminal.text(), HasSubstr("Keys of the list"));
        terminal.type(Key::Name::escape);
        terminal.type("q");
    });

    const auto begin = host.clock.steady_now();
    EXPECT_EQ(top({"--timeout", "60"}), 0);
    EXPECT_EQ(host.clock.steady_now() - begin, 0s);
}

TEST_F(ServicectlTopTest, HungServicesAreShown) {
    serve("/run", "slow", "");
    after(600ms, [this] {
        EXPECT_THAT(terminal.text(), AllOf(HasSubstr("1 hung"), HasSubstr("slow  hung")));
        EXPECT_EQ(style_of(terminal.page, "slow "), (Style{Tone::hung, true}));
        terminal.type("q");
    });

    EXPECT_EQ(top(), 0) << error();
}

TEST_F(ServicectlTopTest, PatternsAndAllAreThoseOfList) {
    serve("/run", "web");
    serve("/run", "db");
    add_record("/run/servicekit", "/srv", "web-2");
    host.when_idle([this] {
        EXPECT_THAT(terminal.text(), AllOf(HasSubstr("web  "), HasSubstr("web-2  stopped"), Not(HasSubstr("db"))));
        terminal.type("q");
    });

    EXPECT_EQ(top({"web*", "--all"}), 0);
}

TEST_F(ServicectlTopTest, DetailsHaveTheEventsAndTheLog) {
    ScriptedService& service = serve_with_log("line one\nline two\n");
    host.when_idle([this] { terminal.type(Key::Name::enter); });
    host.when_idle([this] {
        EXPECT_THAT(terminal.text(), AllOf(StartsWith("web  running"), HasSubstr("greets somebody"),
                                           HasSubstr("line two"), HasSubstr("/var/log/web.log")));
        append("/var/log/web.log", "line three\n");
    });
    after(300ms, [this] {
        EXPECT_THAT(terminal.text(), HasSubstr("line three"));
        terminal.type("qq");
    });

    EXPECT_EQ(top(), 0) << error();
    // It only watches.
    EXPECT_THAT(service.requests, Each(AnyOf(HasSubstr("status"), HasSubstr("events"))));
}

TEST_F(ServicectlTopTest, DetailsOfAHungServiceDoNotBlockKeys) {
    serve("/run", "slow", "");
    after(600ms, [this] { terminal.type(Key::Name::enter); });
    host.when_idle([this] {
        EXPECT_THAT(terminal.text(), AllOf(StartsWith("slow  hung"), HasSubstr("asking")));
        terminal.type(Key::Name::escape);
    });
    host.when_idle([this] {
        EXPECT_THAT(terminal.text(), StartsWith("1 service"));
        terminal.type(Key::Name::enter);
    });
    after(700ms, [this] {
        EXPECT_THAT(terminal.text(),
                    AllOf(HasSubstr("not known: it does not answer"), HasSubstr("there is no record of its start")));
        terminal.type("qq");
    });

    EXPECT_EQ(top(), 0) << error();
}

TEST_F(ServicectlTopTest, DetailsSayThatTheServiceIsGone) {
    serve("/run", "web");
    host.when_idle([this] { terminal.type(Key::Name::enter); });
    host.when_idle([this] {
        EXPECT_THAT(terminal.text(), StartsWith("web  running"));
        services.clear();
        host.process_died(ScriptedService::pid);
    });
    after(2100ms, [this] {
        EXPECT_THAT(terminal.text(), StartsWith("web  is gone"));
        terminal.type("qq");
    });

    EXPECT_EQ(top(), 0) << error();
}

TEST_F(ServicectlTopTest, DetailsOfADeadServiceNoticeEachLaterStart) {
    serve("/run", "web");
    kill_all();
    const auto start_with_event = [this](pid_t pid, const std::string& event) {
        host.processes.add(pid);
        services.push_back(std::make_unique<ScriptedService>(
            host, "/run/web.control",
            [event](const std::string& request) -> std::vector<ScriptedService::Piece> {
                const bool is_status = request.find("status") != std::string::npos;
                return {
                    {.text = is_status ? std::string{running} + "\n" : R"({"events":[{"name":")" + event + "\"}]}\n"}};
            },
            pid));
    };
    host.when_idle([this] { terminal.type(Key::Name::enter); });
    host.when_idle([this, start_with_event] {
        EXPECT_THAT(terminal.text(), StartsWith("web  dead"));
        start_with_event(7001, "first-event");
    });
    after(4100ms, [this, start_with_event] {
        EXPECT_THAT(terminal.text(), AllOf(StartsWith("web  running"), HasSubstr("first-event")));
        host.process_died(7001);
        start_with_event(7002, "second-event");
    });
    after(4100ms, [this] {
        EXPECT_THAT(terminal.text(), AllOf(HasSubstr("second-event"), Not(HasSubstr("first-event"))));
        terminal.type("qq");
    });

    EXPECT_EQ(top(), 0) << error();
}

TEST_F(ServicectlTopTest, TheLogOfAnotherUserIsNotOpened) {
    add_directory("/run/user/1000", alice, 0700);
    serve("/run/user/1000", "web", running, alice);
    // Root must not read what alice's own record names.
    add_record("/run/user/1000/servicekit", "/run/user/1000", "web", alice);
    host.files.add_file("/etc/shadow", "root:secret\n");
    host.when_idle([this] { terminal.type(Key::Name::enter); });
    host.when_idle([this] {
        EXPECT_THAT(terminal.text(), AllOf(StartsWith("web  running"), HasSubstr("belongs to another user; "),
                                           HasSubstr("servicectl logs web"), Not(HasSubstr("log-file"))));
        terminal.type("qq");
    });

    EXPECT_EQ(top(), 0) << error();
}

TEST_F(ServicectlTopTest, TheLargeStatusOfAnotherUserIsNotKept) {
    std::string list = "1";
    for (int i = 0; i < 5000; ++i) list += ",1";
    const std::string large = R"({"state":"running","list":[)" + list + "]}";
    add_directory("/run/user/1000", alice, 0700);
    serve("/run/user/1000", "alices", large, alice);
    serve("/run", "roots", large);
    host.when_idle([this] { terminal.type(Key::Name::enter); });
    host.when_idle([this] {
        EXPECT_THAT(terminal.text(),
                    AllOf(StartsWith("alices  running"), HasSubstr("its status is too long"), Not(HasSubstr("list"))));
        terminal.type(Key::Name::escape);
        terminal.type(Key::Name::down);
        terminal.type(Key::Name::enter);
    });
    host.when_idle([this] {
        EXPECT_THAT(terminal.text(), AllOf(StartsWith("roots  running"), HasSubstr("list   [1,1,1")));
        terminal.type("qq");
    });

    EXPECT_EQ(top(), 0) << error();
}

TEST_F(ServicectlTopTest, SignalsEndItAndRestoreTheTerminal) {
    for (const auto& [number, code] :
         {std::pair{SIGINT, 0}, std::pair{SIGTERM, 143}, std::pair{SIGHUP, 129}, std::pair{SIGQUIT, 131}}) {
        terminal.calls.clear();
        host.when_idle([this, signal = number] { host.signals.raise(signal); });
        EXPECT_EQ(top(), code);
        EXPECT_EQ(terminal.calls, "open close");
        EXPECT_THAT(host.signals.default_actions(), IsEmpty());
    }
}

TEST_F(ServicectlTopTest, CtrlZLeavesTheTerminalAndStopsWithTheDefaultAction) {
    host.processes.on_signal([this](const mocks::FakeProcessTable::Sent& sent) {
        EXPECT_EQ(sent.signal_number, SIGTSTP);
        EXPECT_EQ(sent.pid, host.process.id());
        EXPECT_FALSE(host.signals.is_taken());
        EXPECT_EQ(terminal.calls, "open leave");
    });
    host.when_idle([this] { host.signals.raise(SIGTSTP); });
    host.when_idle([this] {
        EXPECT_EQ(terminal.calls, "open leave enter adapt");
        EXPECT_TRUE(host.signals.is_taken());
        terminal.type("q");
    });

    EXPECT_EQ(top(), 0) << error();
    EXPECT_EQ(host.processes.sent().size(), 1U);
}

TEST_F(ServicectlTopTest, ASignalThatFollowsCtrlZIsNotLost) {
    terminal.on_leave = [this] { host.signals.raise(SIGTERM); };
    host.when_idle([this] { host.signals.raise(SIGTSTP); });
    host.when_idle([this] { terminal.type("q"); });

    EXPECT_EQ(top(), 143) << error();
    EXPECT_EQ(terminal.calls, "open leave enter adapt close");
    EXPECT_THAT(host.processes.sent(), IsEmpty());
    EXPECT_THAT(host.signals.default_actions(), IsEmpty());
}

TEST_F(ServicectlTopTest, AnotherCtrlZBeforeItStopsDoesNotStopItTwice) {
    terminal.on_leave = [this] {
        host.signals.raise(SIGTSTP);
        host.signals.raise(SIGWINCH);
    };
    host.when_idle([this] { host.signals.raise(SIGTSTP); });
    host.when_idle([this] {
        EXPECT_EQ(terminal.calls, "open leave enter adapt adapt");
        terminal.type("q");
    });

    EXPECT_EQ(top(), 0) << error();
    EXPECT_EQ(host.processes.sent().size(), 1U);
}

TEST_F(ServicectlTopTest, AContinuedProcessTakesTheTerminalAgain) {
    host.when_idle([this] { host.signals.raise(SIGCONT); });
    host.when_idle([this] {
        EXPECT_EQ(terminal.calls, "open leave enter");
        terminal.type("q");
    });

    EXPECT_EQ(top(), 0) << error();
}

TEST_F(ServicectlTopTest, FollowsTheSizeOfTheTerminal) {
    serve("/run", "web");
    host.when_idle([this] {
        terminal.size = {5, 20};
        host.signals.raise(SIGWINCH);
    });
    host.when_idle([this] {
        EXPECT_THAT(terminal.text(), StartsWith("1 service, 1 running\nNAME  STATE    PID "));
        EXPECT_EQ(terminal.calls, "open adapt");
        terminal.type("q");
    });

    EXPECT_EQ(top(), 0) << error();
}

TEST_F(ServicectlTopTest, ATerminalThatIsGoneEndsIt) {
    host.when_idle([this] { terminal.hang_up(); });

    EXPECT_EQ(top(), to_int(ExitCode::os));
    EXPECT_THAT(error(), HasSubstr("cannot read from 'the terminal': it is gone"));
}

TEST_F(ServicectlTopTest, WithoutATerminalItNamesList) {
    host.streams.set_terminal(os::Stream::out, false);

    EXPECT_EQ(top(), 64);
    EXPECT_THAT(error(), AllOf(HasSubstr("must be a terminal"), HasSubstr("'servicectl list'")));
    EXPECT_EQ(terminal.calls, "");
}

TEST_F(ServicectlTopTest, WithoutATypeOfTerminalItSaysSo) {
    host.environment.unset("TERM");

    EXPECT_EQ(top(), 64);
    EXPECT_THAT(error(), HasSubstr("TERM does not name the terminal"));
}

TEST_F(ServicectlTopTest, AScreenThatDoesNotOpenIsReported) {
    refusal = Error{ExitCode::usage, "draw on the terminal", "odd", "its type is not known here"};

    EXPECT_EQ(top(), 64);
    EXPECT_THAT(error(), HasSubstr("cannot draw on the terminal 'odd'"));
    EXPECT_FALSE(host.signals.is_taken());
}

TEST_F(ServicectlTopTest, FailuresOfTheSystemAreReportedAfterTheScreenIsClosed) {
    host.signals.failures.fail_next("take", EMFILE);
    EXPECT_EQ(top(), to_int(ExitCode::os));
    EXPECT_EQ(terminal.calls, "");

    host.threads.failures.fail_next("start", EAGAIN);
    EXPECT_EQ(top(), to_int(ExitCode::os));
    EXPECT_EQ(terminal.calls, "open close");
    EXPECT_THAT(error(), HasSubstr("cannot start the thread 'list'"));
}

TEST_F(ServicectlTopTest, NoColorIsRespected) {
    host.environment.set("NO_COLOR", "1");
    host.when_idle([this] { terminal.type("q"); });

    EXPECT_EQ(top(), 0) << error();
    EXPECT_FALSE(terminal.options.has_colours);
}

TEST_F(ServicectlTopTest, HasNoJson) {
    EXPECT_EQ(top({"--json"}), 64);
    EXPECT_THAT(error(), HasSubstr("'servicectl list --json' has it"));
}

}  // namespace
}  // namespace servicekit::servicectl::top
