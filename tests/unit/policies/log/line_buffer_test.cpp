#include "policies/log/line_buffer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_event_loop.hpp"

namespace servicekit::policies {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::StartsWith;

/// Takes lines until there is no room.
class MemorySink final : public LineSink {
public:
    os::Writing deliver(std::string_view lines) override {
        ++deliveries;
        while (hangs.load()) std::this_thread::sleep_for(1ms);
        const std::size_t fits = std::min(lines.size(), room);
        room -= fits;
        taken += lines.substr(0, fits);
        if (fits < lines.size()) return {fits, os_error("write", "memory", ENOSPC)};
        return {fits};
    }
    void deliver_at_crash(std::string_view lines) noexcept override { taken += lines; }

    std::string taken;
    std::size_t room = std::string::npos;
    std::atomic<int> deliveries{0};
    std::atomic<bool> hangs{false};
};

class LineBufferTest : public ::testing::Test {
protected:
    void open(LineBuffer& buffer) const {
        buffer.open([](std::string& out, LineBuffer::Time, std::uint64_t count, std::string_view reason) {
            out += std::to_string(count) + " lost: " + std::string{reason} + '\n';
        });
    }
    void open_and_start() {
        open(buffer_);
        buffer_.start(loop_);
        ASSERT_TRUE(loop_.start());
    }
    void end() {
        loop_.stop();
        buffer_.stop();
    }
    void append(std::string_view line, LogLevel level = LogLevel::info) {
        buffer_.append(level, clock_.system_now(), line);
    }

    mocks::FakeClock clock_;
    mocks::FakeReactor reactor_{clock_};
    mocks::FakeEventLoop loop_{reactor_};
    MemorySink sink_;
    LineBuffer buffer_{sink_, {.capacity = 40, .prompt_lines = 0}};
};

TEST_F(LineBufferTest, DeliversAtOnceUntilItIsStarted) {
    open(buffer_);
    append("one\n");
    EXPECT_EQ(sink_.taken, "one\n");
}

TEST_F(LineBufferTest, DelaysLinesTogether) {
    open_and_start();
    append("one\n");
    append("two\n");
    reactor_.advance(199ms);
    EXPECT_EQ(sink_.taken, "");
    reactor_.advance(1ms);
    EXPECT_EQ(sink_.taken, "one\ntwo\n");
    EXPECT_EQ(sink_.deliveries, 1);
    end();
}

TEST_F(LineBufferTest, AFewLinesInEachDelayDoNotWait) {
    LineBuffer buffer{sink_, {.prompt_lines = 2}};
    open(buffer);
    buffer.start(loop_);
    ASSERT_TRUE(loop_.start());
    const auto write = [&](std::string_view line) { buffer.append(LogLevel::info, clock_.system_now(), line); };
    write("one\n");
    write("two\n");
    EXPECT_EQ(sink_.taken, "one\ntwo\n");
    EXPECT_EQ(reactor_.describe().find("timer"), std::string::npos) << reactor_.describe();
    write("three\n");
    write("four\n");
    EXPECT_EQ(sink_.taken, "one\ntwo\n");
    reactor_.advance(200ms);
    EXPECT_EQ(sink_.taken, "one\ntwo\nthree\nfour\n");
    EXPECT_EQ(sink_.deliveries, 3);
    write("five\n");
    EXPECT_THAT(sink_.taken, EndsWith("five\n"));
    clock_.set_system_time(clock_.system_now() - 1h);
    write("six\n");
    write("seven\n");
    EXPECT_THAT(sink_.taken, EndsWith("six\nseven\n"));
    loop_.stop();
    buffer.stop();
}

TEST_F(LineBufferTest, ALineThatMayNotBlockWaits) {
    LineBuffer buffer{sink_, {.prompt_lines = 2}};
    open(buffer);
    buffer.start(loop_);
    ASSERT_TRUE(loop_.start());
    buffer.append(LogLevel::info, clock_.system_now(), "one\n", false);
    EXPECT_EQ(sink_.taken, "");
    buffer.append(LogLevel::info, clock_.system_now(), "two\n");
    EXPECT_EQ(sink_.taken, "one\ntwo\n");
    loop_.stop();
    buffer.stop();
}

TEST_F(LineBufferTest, IsIdleWithoutLines) {
    open_and_start();
    append("one\n");
    reactor_.run_until_idle();
    reactor_.advance(1h);
    EXPECT_EQ(sink_.deliveries, 1);
    EXPECT_EQ(reactor_.describe().find("timer"), std::string::npos) << reactor_.describe();
    append("two\n");
    reactor_.run_until_idle();
    EXPECT_EQ(sink_.taken, "one\ntwo\n");
    end();
}

TEST_F(LineBufferTest, AWarningDeliversAllLinesBeforeIt) {
    open_and_start();
    append("one\n");
    append("two!\n", LogLevel::warning);
    EXPECT_EQ(sink_.taken, "one\ntwo!\n");
    end();
}

TEST_F(LineBufferTest, DeliversOverdueLinesIfTheLoopIsBusy) {
    open_and_start();
    append("one\n");
    clock_.advance(300ms);
    append("two\n");
    EXPECT_EQ(sink_.taken, "one\ntwo\n");
    end();
}

TEST_F(LineBufferTest, MakesRoomWhenItIsFull) {
    open_and_start();
    for (int line = 0; line < 10; ++line) append("0123456\n");
    EXPECT_EQ(sink_.taken.size(), 40U);
    append(std::string(100, 'x') + '\n');
    append("end\n", LogLevel::error);
    EXPECT_THAT(sink_.taken, EndsWith("x\nend\n"));
    EXPECT_EQ(sink_.taken.size(), 80U + 101U + 4U);
    end();
}

TEST_F(LineBufferTest, ContinuesAPartlyWrittenLine) {
    open(buffer_);
    sink_.room = 2;
    append("one\n");
    append("two\n");
    EXPECT_EQ(sink_.taken, "on");
    sink_.room = std::string::npos;
    append("three\n");
    EXPECT_EQ(sink_.taken, "one\ntwo\nthree\n");
}

TEST_F(LineBufferTest, RestartsAPartlyWrittenLineInAnotherSink) {
    open(buffer_);
    sink_.room = 6;
    append("one\n");
    append("two\n");
    EXPECT_EQ(sink_.taken, "one\ntw");
    EXPECT_TRUE(buffer_.change_sink(1s, [&] {
        sink_.taken.clear();
        sink_.room = std::string::npos;
        return true;
    }));
    append("three\n");
    EXPECT_EQ(sink_.taken, "two\nthree\n");
}

TEST_F(LineBufferTest, ReportsLossesWhereTheLinesAreMissing) {
    open(buffer_);
    sink_.room = 0;
    for (int line = 0; line < 12; ++line) append("0123456\n");
    sink_.room = std::string::npos;
    append("after\n");
    // One line is being written to the sink, five wait in the buffer.
    EXPECT_EQ(sink_.taken,
              "0123456\n0123456\n0123456\n0123456\n0123456\n0123456\n6 lost: No space left on device\nafter\n");
}

TEST_F(LineBufferTest, CountsLossesByTheirReason) {
    open(buffer_);
    const auto counts = [this] {
        LogCounts counts;
        buffer_.losses().add_to(counts);
        return counts;
    };
    sink_.room = 0;
    for (int line = 0; line < 12; ++line) append("0123456\n");
    EXPECT_EQ(counts().lost_error, 6U);
    sink_.room = std::string::npos;
    append("the losses are reported, but still counted\n");
    buffer_.count_loss("out of memory");
    EXPECT_EQ(counts().lost_error, 6U);
    EXPECT_EQ(counts().lost_no_memory, 1U);
    EXPECT_EQ(counts().lost_slow, 0U);
}

TEST_F(LineBufferTest, CountsLinesThatAHangingSinkLosesAsSlow) {
    LineBuffer buffer{sink_, {.capacity = 10, .patience = 1ms, .prompt_lines = 0}};
    open(buffer);
    sink_.hangs = true;
    std::thread hanging{[&] { buffer.append(LogLevel::error, clock_.system_now(), "hangs\n"); }};
    while (sink_.deliveries == 0) std::this_thread::yield();
    for (int line = 0; line < 3; ++line) buffer.append(LogLevel::error, clock_.system_now(), "0123456\n");
    sink_.hangs = false;
    hanging.join();
    LogCounts counts;
    buffer.losses().add_to(counts);
    EXPECT_EQ(counts.lost_slow, 2U);
    EXPECT_EQ(counts.lost_error, 0U);
}

TEST_F(LineBufferTest, RetriesByItself) {
    open_and_start();
    sink_.room = 0;
    append("one\n");
    reactor_.advance(1s);
    EXPECT_EQ(sink_.taken, "");
    sink_.room = std::string::npos;
    reactor_.advance(200ms);
    EXPECT_EQ(sink_.taken, "one\n");
    end();
}

TEST_F(LineBufferTest, RetriesByItselfWithoutADelay) {
    buffer_.set_delay(0ms);
    open_and_start();
    sink_.room = 2;
    append("one\n");
    reactor_.advance(1s);
    EXPECT_EQ(sink_.taken, "on");
    sink_.room = std::string::npos;
    reactor_.advance(200ms);
    EXPECT_EQ(sink_.taken, "one\n");
    end();
}

TEST_F(LineBufferTest, ReportsLossesByItselfWithoutADelay) {
    buffer_.set_delay(0ms);
    open_and_start();
    sink_.room = 0;
    for (int line = 0; line < 12; ++line) append("0123456\n");
    sink_.room = std::string::npos;
    reactor_.advance(200ms);
    EXPECT_THAT(sink_.taken, EndsWith("6 lost: No space left on device\n"));
    end();
}

TEST_F(LineBufferTest, RetriesWhatFailedBeforeItWasStarted) {
    for (const auto delay : {0ms, 200ms}) {
        SCOPED_TRACE(delay.count());
        LineBuffer buffer{sink_, {.capacity = 40, .delay = delay, .prompt_lines = 0}};
        mocks::FakeEventLoop loop{reactor_};
        open(buffer);
        sink_.room = 0;
        buffer.append(LogLevel::info, clock_.system_now(), "one\n");
        sink_.room = std::string::npos;
        sink_.taken.clear();
        buffer.start(loop);
        ASSERT_TRUE(loop.start());
        reactor_.advance(200ms);
        EXPECT_EQ(sink_.taken, "one\n");
        loop.stop();
        buffer.stop();
    }
}

TEST_F(LineBufferTest, AWarningDoesNotOvertakeLinesAfterALoss) {
    open_and_start();
    sink_.room = 0;
    for (int line = 0; line < 12; ++line) append("0123456\n", LogLevel::warning);
    sink_.room = std::string::npos;
    EXPECT_TRUE(buffer_.flush(1s));
    sink_.taken.clear();

    append("a\n");
    append("b\n", LogLevel::warning);

    EXPECT_EQ(sink_.taken, "6 lost: No space left on device\na\nb\n");
    end();
}

TEST_F(LineBufferTest, RetriesTheRestOfAWarningByItself) {
    open_and_start();
    sink_.room = 2;
    append("one\n", LogLevel::warning);
    EXPECT_EQ(sink_.taken, "on");
    sink_.room = std::string::npos;
    reactor_.advance(200ms);
    EXPECT_EQ(sink_.taken, "one\n");
    append("two\n", LogLevel::warning);
    EXPECT_EQ(sink_.taken, "one\ntwo\n");
    end();
}

TEST_F(LineBufferTest, DoesNotRetryWithEachLineWhileTheSinkFails) {
    open_and_start();
    sink_.room = 0;
    for (int line = 0; line < 1000; ++line) append("0123456\n");
    EXPECT_LE(sink_.deliveries, 3);
    sink_.room = std::string::npos;
    reactor_.advance(200ms);
    EXPECT_THAT(sink_.taken, EndsWith(" lost: No space left on device\n"));
    end();
    EXPECT_TRUE(buffer_.close(clock_.system_now(), 1s));
    EXPECT_THAT(sink_.taken, EndsWith(" lost: No space left on device\n"));
}

TEST_F(LineBufferTest, ClosingDeliversTheRestAndReportsLosses) {
    open_and_start();
    append("one\n");
    buffer_.count_loss("out of memory");
    end();
    EXPECT_TRUE(buffer_.close(clock_.system_now(), 1s));
    EXPECT_EQ(sink_.taken, "one\n1 lost: out of memory\n");
    append("late\n");
    EXPECT_EQ(sink_.taken, "one\n1 lost: out of memory\n");
}

TEST_F(LineBufferTest, CrashLinesFollowAllDelayedLines) {
    open_and_start();
    sink_.room = 2;
    append("one\n");
    reactor_.advance(200ms);
    append("two\n");
    buffer_.write_at_crash("the end\n");
    EXPECT_EQ(sink_.taken, "one\ntwo\nthe end\n");
    end();
}

TEST_F(LineBufferTest, CrashLinesWaitOnceForAThreadThatDiedInTheSink) {
    open(buffer_);
    sink_.hangs = true;
    std::thread stuck{[&] { append("stuck\n", LogLevel::error); }};
    while (sink_.deliveries == 0) std::this_thread::yield();
    const auto begin = std::chrono::steady_clock::now();
    for (int line = 0; line < 1000; ++line) buffer_.write_at_crash("0123456\n");
    buffer_.write_at_crash("the end\n");
    // A wait of a tenth of a second for each line would take a hundred seconds.
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 50s);
    EXPECT_THAT(sink_.taken, EndsWith("0123456\nthe end\n"));
    sink_.hangs = false;
    stuck.join();
}

TEST_F(LineBufferTest, AHungSinkDelaysOnlyOnce) {
    LineBuffer buffer{sink_, {.capacity = 40, .patience = 20ms, .prompt_lines = 0}};
    open(buffer);
    sink_.hangs = true;
    std::thread stuck{[&] { buffer.append(LogLevel::error, clock_.system_now(), "stuck\n"); }};
    while (sink_.deliveries == 0) std::this_thread::yield();
    for (int line = 0; line < 1000; ++line) buffer.append(LogLevel::error, clock_.system_now(), "0123456\n");
    EXPECT_FALSE(buffer.close(clock_.system_now(), 10ms));
    sink_.hangs = false;
    stuck.join();
    EXPECT_THAT(sink_.taken, StartsWith("stuck\n0123456\n"));
}

TEST_F(LineBufferTest, ACancelledThreadDeliversItsLineFirst) {
    open(buffer_);
    sink_.hangs = true;
    std::thread stuck{[&] { append("stuck\n", LogLevel::error); }};
    while (sink_.deliveries == 0) std::this_thread::yield();
    std::atomic<bool> begins{false};
    std::thread cancelled{[&] {
        begins = true;
        append("waits\n", LogLevel::error);
    }};
    while (!begins) std::this_thread::yield();
    // The thread is cancelled while it waits or before that. The outcome is the same.
    std::this_thread::sleep_for(20ms);
    ASSERT_EQ(::pthread_cancel(cancelled.native_handle()), 0);
    sink_.hangs = false;
    stuck.join();
    cancelled.join();
    EXPECT_EQ(sink_.taken, "stuck\nwaits\n");
}

TEST_F(LineBufferTest, ManyThreadsTearAndLoseNoLine) {
    constexpr int threads = 4;
    constexpr int lines = 5000;
    LineBuffer buffer{sink_, {.capacity = 1000, .prompt_lines = 0}};
    open(buffer);
    buffer.start(loop_);
    std::vector<std::thread> writers;
    for (int writer = 0; writer < threads; ++writer)
        writers.emplace_back([&, writer] {
            for (int line = 0; line < lines; ++line)
                buffer.append(line % 100 == 0 ? LogLevel::warning : LogLevel::info, {},
                              std::to_string(writer) + ' ' + std::to_string(line) + '\n');
        });
    for (std::thread& writer : writers) writer.join();
    buffer.stop();
    EXPECT_TRUE(buffer.close({}, 1s));
    std::vector<int> next(threads, 0);
    for (std::size_t at = 0; at < sink_.taken.size();) {
        const std::size_t end = sink_.taken.find('\n', at);
        const auto writer = static_cast<std::size_t>(sink_.taken[at] - '0');
        ASSERT_EQ(sink_.taken.substr(at + 2, end - at - 2), std::to_string(next.at(writer)++));
        at = end + 1;
    }
    EXPECT_EQ(next, std::vector<int>(threads, lines));
}

}  // namespace
}  // namespace servicekit::policies
