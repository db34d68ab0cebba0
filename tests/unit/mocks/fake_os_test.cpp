#include "servicekit/mocks/fake_os.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace servicekit::mocks {
namespace {

using namespace std::chrono_literals;

TEST(FakeOsTest, ReturnsItsFakes) {
    FakeOs host;
    const os::Host given = host.host();
    EXPECT_EQ(given.clock, &host.clock);
    EXPECT_EQ(given.environment, &host.environment);
    EXPECT_EQ(given.files, &host.files);
    EXPECT_EQ(given.process, &host.process);
    EXPECT_EQ(given.signals, &host.signals);
    EXPECT_EQ(given.streams, &host.streams);
    EXPECT_EQ(given.users, &host.users);
}

TEST(FakeOsTest, HasTheUsualDirectories) {
    FakeOs host;
    for (const char* directory : {"/etc", "/run", "/var/log"})
        EXPECT_EQ(host.files.status_of(directory).permissions, 0755U);
    EXPECT_EQ(host.files.status_of("/tmp").permissions, 01777U);
}

TEST(FakeOsTest, LoopsOfServicesShareTheTime) {
    FakeOs host;
    const os::Host given = host.host();
    const auto loop = given.make_event_loop("loop");
    const auto parking = given.make_parking();
    const auto timer = loop->timer();
    const auto begin = host.clock.steady_now();
    timer->start(3s, [&] { parking->unpark(); });
    bool was_idle = false;
    host.when_idle([&] { was_idle = true; });
    parking->park();
    EXPECT_TRUE(was_idle);
    EXPECT_EQ(host.clock.steady_now() - begin, 3s);
}

TEST(FakeOsTest, AllFakesKnowTheUserOfTheProcess) {
    FakeOs host;
    host.users.add_user({.name = "www", .uid = 33, .gid = 33});
    ASSERT_TRUE(host.users.become(host.users.find_user("www").value().value(), 33));
    EXPECT_EQ(host.process.effective_user(), 33U);
    EXPECT_EQ(host.files.open_for_appending("/run/x", 0644).error().errno_value, EACCES);
    EXPECT_EQ(host.locks.try_lock("/run/x.pid", 0644).error().errno_value, EACCES);
    EXPECT_EQ(host.sockets.listen("/run/x.control", {}).error().errno_value, EACCES);
}

TEST(FakeOsTest, ADeadProcessReleasesEverything) {
    FakeOs host;
    const pid_t pid = host.process.id();
    host.processes.add(pid);
    const auto lock = std::move(host.locks.try_lock("/run/x.pid", 0644)->lock);
    const auto listener = *host.sockets.listen("/run/x.control", {});
    host.process_died(pid);
    EXPECT_FALSE(host.processes.runs(pid));
    EXPECT_FALSE(host.locks.owner("/run/x.pid", os::Look::thorough).value().has_value());
    EXPECT_EQ(host.sockets.probe("/run/x.control").value(), os::Listening::no);
}

class FakeOsProcessesTest : public ::testing::Test {
protected:
    /// Runs a program that handles TERM and ends at that signal.
    int wait_for_term() {
        const os::Host host = os.host();
        const auto loop = host.make_event_loop("loop");
        const auto parking = host.make_parking();
        static_cast<void>(os.signals.take(std::array{SIGTERM}, *loop, [&](const auto&) { parking->unpark(); }));
        static_cast<void>(loop->start());
        parking->park();
        loop->stop();
        os.signals.give_back();
        return 7;
    }

    FakeOs os;
};

TEST_F(FakeOsProcessesTest, EachHasAPidAndAnExitCode) {
    const pid_t first = os.spawn([this] { return os.process.id() == 0 ? 1 : 3; });
    const pid_t second = os.spawn([] { return 4; });
    EXPECT_TRUE(os.runs(first));
    EXPECT_EQ(os.wait_for(first).status, 3);
    EXPECT_EQ(os.wait_for(second).status, 4);
    EXPECT_NE(first, second);
    EXPECT_FALSE(os.runs(first));
}

TEST_F(FakeOsProcessesTest, EachHasItsOwnSignals) {
    const pid_t first = os.spawn([this] { return wait_for_term(); });
    const pid_t second = os.spawn([this] { return wait_for_term(); });
    os.settle();
    os.raise(first, SIGTERM);
    EXPECT_EQ(os.wait_for(first).status, 7);
    EXPECT_TRUE(os.runs(second));
    os.raise(second, SIGHUP);
    EXPECT_EQ(os.wait_for(second).signal, SIGHUP);
}

TEST_F(FakeOsProcessesTest, AllShareTheTime) {
    std::vector<int> order;
    const auto sleeper = [&](int seconds) {
        return [this, seconds, &order] {
            os.advance(std::chrono::seconds{seconds});
            order.push_back(seconds);
            return 0;
        };
    };
    os.spawn(sleeper(3));
    os.spawn(sleeper(1));
    os.spawn(sleeper(2));
    os.advance(1500ms);
    EXPECT_EQ(order, (std::vector{1}));
    os.advance(1500ms);
    EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST_F(FakeOsProcessesTest, LocksExcludeOtherProcesses) {
    const auto locks = [this] {
        const auto attempt = os.locks.try_lock("/run/x.pid", 0644);
        const bool is_ours = attempt->lock != nullptr;
        os.advance(1s);
        return is_ours ? 0 : 1;
    };
    const pid_t first = os.spawn(locks);
    const pid_t second = os.spawn(locks);
    os.settle();
    EXPECT_EQ(os.locks.holder("/run/x.pid")->pid, first);
    EXPECT_EQ(os.wait_for(first).status, 0);
    EXPECT_EQ(os.wait_for(second).status, 1);
    EXPECT_FALSE(os.locks.holder("/run/x.pid"));
}

TEST_F(FakeOsProcessesTest, BothSidesOfAForkContinue) {
    std::vector<std::string> notes;
    const pid_t parent = os.spawn([&]() -> int {
        const auto pipe = *os.pipes.open();
        os.streams.write(os::Stream::error, "before\n");
        const pid_t child = *os.process.fork();
        if (child == 0) {
            pipe->close_reader();
            notes.push_back("child " + std::to_string(os.process.id()));
            static_cast<void>(pipe->write("hello\n"));
            return 5;
        }
        pipe->close_writer();
        notes.push_back("heard " + pipe->read_line(1s).text);
        return *os.process.wait_for_child(child) >> 8;
    });
    EXPECT_EQ(os.wait_for(parent).status, 5);
    EXPECT_EQ(notes, (std::vector<std::string>{"child " + std::to_string(parent + 1), "heard hello\n"}));
    EXPECT_EQ(os.streams.written(os::Stream::error), "before\n");
    EXPECT_EQ(os.open_descriptors(), 0U);
}

TEST_F(FakeOsProcessesTest, AReaderNoticesTheEndOfAKilledChild) {
    const pid_t parent = os.spawn([&]() -> int {
        const auto pipe = *os.pipes.open();
        const pid_t child = *os.process.fork();
        if (child == 0) os.advance(1h);
        pipe->close_writer();
        return pipe->read_line(2h).end == os::PipeReading::End::closed ? 0 : 1;
    });
    os.settle();
    os.kill(parent + 1);
    EXPECT_EQ(os.wait_for(parent).status, 0);
}

TEST_F(FakeOsProcessesTest, AnOrphanIsAdoptedByTheNearestSubreaper) {
    const auto exit_code_of_grandchild = [this](bool adopts) {
        const pid_t starter = os.spawn([this, adopts]() -> int {
            const pid_t self = os.process.id();
            if (adopts) os.process.adopt_orphans();
            const pid_t child = *os.process.fork();
            if (child == 0) {
                EXPECT_FALSE(os.process.adopts_orphans());
                const pid_t grandchild = *os.process.fork();
                if (grandchild == 0) os.advance(1s);
                return grandchild == 0 ? 6 : 0;
            }
            static_cast<void>(os.process.wait_for_child(child));
            const auto status = os.process.wait_for_child(self + 2);
            return status ? *status >> 8 : status.error().errno_value;
        });
        return os.wait_for(starter).status;
    };

    EXPECT_EQ(exit_code_of_grandchild(true), 6);
    EXPECT_EQ(exit_code_of_grandchild(false), ECHILD);
}

TEST_F(FakeOsProcessesTest, AWriterMayBeKeptFromChildren) {
    const pid_t parent = os.spawn([&]() -> int {
        const auto pipe = *os.pipes.open();
        if (*os.process.fork() == 0) {
            pipe->keep_writer_from_children();
            if (*os.process.fork() == 0) os.advance(1h);
            return 0;
        }
        pipe->close_writer();
        return pipe->read_line(2min).end == os::PipeReading::End::closed ? 0 : 1;
    });
    EXPECT_EQ(os.wait_for(parent).status, 0);
}

TEST_F(FakeOsProcessesTest, AKilledProcessChangesNothingMore) {
    const pid_t pid = os.spawn([&] {
        const auto file = *os.files.open_for_appending("/tmp/file", 0644);
        const auto attempt = os.locks.try_lock("/run/x.pid", 0644);
        static_cast<void>(attempt->lock->write("1"));
        try {
            os.advance(1h);
        } catch (...) {
            static_cast<void>(file->write("ghost"));
            static_cast<void>(attempt->lock->write("ghost"));
            throw;
        }
        return 0;
    });
    os.settle();
    os.kill(pid);
    EXPECT_FALSE(os.locks.holder("/run/x.pid"));
    os.settle();
    EXPECT_EQ(os.files.content("/tmp/file"), "");
    EXPECT_EQ(os.files.content("/run/x.pid"), "1");
    EXPECT_EQ(os.open_descriptors(), 0U);
    EXPECT_EQ(os.end_of(pid)->signal, SIGKILL);
}

TEST_F(FakeOsProcessesTest, ReportsAnExceptionThatEscapesMain) {
    const pid_t pid = os.spawn([]() -> int { throw std::runtime_error("oops"); });
    EXPECT_EQ(os.wait_for(pid).exception, "oops");
    EXPECT_EQ(os.wait_for(pid).signal, SIGABRT);
}

TEST_F(FakeOsProcessesTest, ANondeterministicProgramIsReported) {
    int runs = 0;
    const pid_t parent = os.spawn([&]() -> int {
        if (++runs == 1) static_cast<void>(os.files.read("/etc/x", 1));
        const pid_t child = *os.process.fork();
        return child == 0 ? 0 : *os.process.wait_for_child(child);
    });
    os.wait_for(parent);
    EXPECT_THAT(os.end_of(parent + 1)->exception, ::testing::HasSubstr("before its fork"));
}

TEST_F(FakeOsProcessesTest, ItsDestructorKillsRemainingProcesses) {
    bool ended = false;
    {
        FakeOs other;
        other.spawn([&] {
            try {
                other.advance(1h);
            } catch (...) {
                ended = true;
                throw;
            }
            return 0;
        });
        other.settle();
    }
    EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace servicekit::mocks
