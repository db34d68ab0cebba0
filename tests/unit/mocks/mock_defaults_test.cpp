#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>

#include "servicekit/mocks/mock_children.hpp"
#include "servicekit/mocks/mock_clock.hpp"
#include "servicekit/mocks/mock_confinement.hpp"
#include "servicekit/mocks/mock_control.hpp"
#include "servicekit/mocks/mock_crash_reporter.hpp"
#include "servicekit/mocks/mock_daemon.hpp"
#include "servicekit/mocks/mock_environment.hpp"
#include "servicekit/mocks/mock_event_loop.hpp"
#include "servicekit/mocks/mock_file_locks.hpp"
#include "servicekit/mocks/mock_files.hpp"
#include "servicekit/mocks/mock_inherited_descriptors.hpp"
#include "servicekit/mocks/mock_interruptible_sleep.hpp"
#include "servicekit/mocks/mock_line_reader.hpp"
#include "servicekit/mocks/mock_local_sockets.hpp"
#include "servicekit/mocks/mock_lock.hpp"
#include "servicekit/mocks/mock_log.hpp"
#include "servicekit/mocks/mock_message_sockets.hpp"
#include "servicekit/mocks/mock_pipes.hpp"
#include "servicekit/mocks/mock_process.hpp"
#include "servicekit/mocks/mock_process_table.hpp"
#include "servicekit/mocks/mock_programs.hpp"
#include "servicekit/mocks/mock_service_manager.hpp"
#include "servicekit/mocks/mock_signals.hpp"
#include "servicekit/mocks/mock_standard_streams.hpp"
#include "servicekit/mocks/mock_stream_capture.hpp"
#include "servicekit/mocks/mock_threads.hpp"
#include "servicekit/mocks/mock_users.hpp"

namespace servicekit::mocks {
namespace {

using namespace std::chrono_literals;
using ::testing::NiceMock;

TEST(MockDefaultsTest, AreThoseOfAChildProcessOfRoot) {
    NiceMock<MockProcess> process;
    EXPECT_EQ(process.id(), 4711);
    EXPECT_EQ(process.effective_user(), 0U);
    EXPECT_EQ(process.thread_count(), 1U);
    EXPECT_EQ(process.fork().value(), 0);
    EXPECT_EQ(process.wait_for_child(4712).value(), 0);
    EXPECT_TRUE(process.start_session());
    EXPECT_TRUE(process.change_directory("/"));
    EXPECT_EQ(process.current_directory().value(), "/");
    EXPECT_EQ(process.set_file_mask(0), 022U);
    EXPECT_THROW(process.exit_now(75), ProcessExited);
}

TEST(MockDefaultsTest, ThereIsNoServiceManager) {
    NiceMock<MockServiceManager> manager;
    EXPECT_TRUE(manager.take_listen_sockets()->empty());
    EXPECT_EQ(manager.take_notify_socket().value(), nullptr);
    EXPECT_EQ(manager.take_watchdog(), std::nullopt);
    EXPECT_FALSE(manager.has_journal_on_stderr());
    NiceMock<MockNotifySocket> socket;
    EXPECT_TRUE(socket.send("READY=1"));
}

TEST(MockDefaultsTest, AcceptMessagesWithoutAListener) {
    NiceMock<MockMessageSockets> sockets;
    EXPECT_FALSE(sockets.connect("/dev/log"));
    NiceMock<MockMessageSocket> socket;
    EXPECT_EQ(socket.send("text", 0ms).bytes, 4U);
    EXPECT_EQ(socket.send_in_file("text", 0ms).bytes, 4U);
}

TEST(MockDefaultsTest, HaveNoProgramsButPipesThatAcceptEverything) {
    NiceMock<MockPrograms> programs;
    EXPECT_FALSE(programs.open_input(1));
    EXPECT_FALSE(programs.start({}));
    NiceMock<MockProgramInput> input;
    EXPECT_EQ(input.write("text").bytes, 4U);
    EXPECT_TRUE(input.wait_until_writable(0ms));
    NiceMock<MockProgram> program;
    EXPECT_EQ(program.end(), std::nullopt);
}

TEST(MockDefaultsTest, LetFilesBeOpenedAndWritten) {
    NiceMock<MockFiles> files;
    EXPECT_TRUE((*files.open_for_appending("/x", 0644))->write("text"));
    EXPECT_EQ((*files.open_for_reading("/x", os::Links::follow))->read_at(0, 10).value(), "");
    EXPECT_EQ(files.read("/x", 10).value(), "");
    EXPECT_FALSE(files.status("/x", os::Links::follow).value().has_value());
    EXPECT_TRUE(files.create_directories("/x", 0755));
    EXPECT_TRUE(files.remove("/x"));
}

TEST(MockDefaultsTest, LetLocksBeTaken) {
    NiceMock<MockFileLocks> locks;
    const auto attempt = locks.try_lock("/x", 0644);
    ASSERT_NE(attempt->lock, nullptr);
    EXPECT_TRUE(attempt->lock->still_at_path());
    EXPECT_FALSE(locks.owner("/x", os::Look::thorough).value().has_value());
}

TEST(MockDefaultsTest, LetSocketsListenAndConnect) {
    NiceMock<MockLocalSockets> sockets;
    EXPECT_EQ((*sockets.listen("/x", {}))->accept().value(), nullptr);
    EXPECT_EQ((*sockets.listen("/x", {}))->group().value(), 0U);
    const auto connection = *sockets.connect("/x");
    std::array<char, 10> buffer{};
    EXPECT_EQ(connection->receive(buffer).state, os::Transfer::State::would_block);
    EXPECT_EQ(connection->send("text").bytes, 4U);
    EXPECT_EQ(connection->peer().uid, 0U);
    EXPECT_TRUE(connection->wait_until_readable(1s));
    EXPECT_EQ(sockets.probe("/x").value(), os::Listening::nothing);
}

TEST(MockDefaultsTest, LetALoopRunPostedCallsAtOnce) {
    NiceMock<MockEventLoop> loop;
    NiceMock<MockParking> parking;
    bool called = false;
    loop.post([&called] { called = true; });
    EXPECT_TRUE(called);
    loop.watch(3)->await_readable([] { FAIL() << "nothing is ever ready"; });
    loop.timer()->start(0ms, [] { FAIL() << "no time is ever up"; });
    EXPECT_TRUE(loop.start());
    loop.stop();
    parking.park();
}

TEST(MockDefaultsTest, LetConfirmedProcessesBeSignalled) {
    NiceMock<MockProcessTable> processes;
    EXPECT_TRUE(processes.signal(1, SIGTERM, [] { return true; }).value());
    EXPECT_FALSE(processes.signal(1, SIGTERM, [] { return false; }).value());
    EXPECT_TRUE(processes.wait_for_end(1, 0ms));
    EXPECT_EQ(processes.effective_user_of(1), 0U);
}

TEST(MockDefaultsTest, AreHarmlessForOtherCalls) {
    NiceMock<MockClock> clock;
    EXPECT_EQ(clock.steady_now(), clock.steady_now());
    NiceMock<MockEnvironment> environment;
    EXPECT_EQ(environment.get("HOME"), std::nullopt);
    NiceMock<MockPipes> pipes;
    const auto pipe = *pipes.open();
    EXPECT_TRUE(pipe->write("text"));
    EXPECT_EQ(pipe->read_line(0ms).end, os::PipeReading::End::closed);
    NiceMock<MockThreads> threads;
    EXPECT_TRUE((*threads.start("beside", [] {}))->wait(0ms));
    NiceMock<MockUsers> users;
    EXPECT_FALSE(users.find_user("www").value().has_value());
    EXPECT_FALSE(users.find_group("www").value().has_value());
    EXPECT_TRUE(users.become({}, 0, {}));
    NiceMock<MockStandardStreams> streams;
    EXPECT_FALSE(streams.is_terminal(os::Stream::out));
    EXPECT_EQ(streams.terminal_width(os::Stream::out), 80U);
    EXPECT_TRUE(streams.redirect_to_null(os::Stream::in));
    EXPECT_EQ(streams.write_within(os::Stream::out, "text", 1s).bytes, 4U);
    NiceMock<MockInheritedDescriptors> inherited;
    EXPECT_TRUE(inherited.claim_for_writing(3));
    EXPECT_TRUE(inherited.write_and_close(3, "\n"));
    NiceMock<MockChildren> children;
    EXPECT_FALSE(children.adopts_orphans());
    EXPECT_TRUE(children.ended().empty());
    bool ran = false;
    EXPECT_TRUE(children.run_beside([&ran] { ran = true; }, 1s, [] {}));
    EXPECT_TRUE(ran);
    NiceMock<MockInterruptibleSleep> sleep;
    EXPECT_TRUE(sleep.sleep_for(1h));
    NiceMock<MockLineReader> lines;
    EXPECT_EQ(lines.read_line("> ").value(), std::nullopt);
    NiceMock<MockConfinement> confinement;
    EXPECT_TRUE(confinement.limit(os::Confinement::Resource::core_size, 0));
    EXPECT_TRUE(confinement.allow_core_dumps());
    EXPECT_TRUE(confinement.forbid_new_privileges());
    EXPECT_EQ(confinement.confine_writing({}).value().extent, os::WriteConfinement::Extent::whole);
    NiceMock<MockSignals> signals;
    NiceMock<MockEventLoop> loop;
    EXPECT_TRUE(signals.note({}, {}));
    EXPECT_TRUE(signals.noted().empty());
    EXPECT_TRUE(signals.hold());
    EXPECT_TRUE(signals.take({}, loop, [](const os::ReceivedSignal&) {}));
}

TEST(MockDefaultsTest, LetAServiceStart) {
    NiceMock<MockDaemon> daemon;
    EXPECT_TRUE(daemon.has_background());
    EXPECT_EQ(daemon.enter().value(), Role::service);
    bool carried = false;
    EXPECT_TRUE(daemon.run_service([&carried] { carried = true; }));
    EXPECT_TRUE(carried);
    NiceMock<MockLock> lock;
    EXPECT_FALSE(lock.owner().value().has_value());
    EXPECT_EQ(lock.acquire(LockWait::fail_fast, {}).value().state, Acquisition::State::acquired);
    EXPECT_EQ(lock.token(), std::nullopt);
    NiceMock<MockLog> log;
    EXPECT_TRUE(log.open());
    NiceMock<MockControl> control;
    NiceMock<MockRequests> requests;
    NiceMock<MockEventLoop> loop;
    EXPECT_TRUE(control.open(requests, loop));
    EXPECT_FALSE(control.endpoint().empty());
    EXPECT_EQ(requests.refuse({}), "{\"error\":{}}\n");
    NiceMock<MockResponder> responder;
    EXPECT_TRUE(responder.progress("{}\n"));
}

}  // namespace
}  // namespace servicekit::mocks
