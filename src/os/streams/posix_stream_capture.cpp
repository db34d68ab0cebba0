#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "base/attempt.hpp"
#include "os/process/fork_guard.hpp"
#include "os/signals/signals_blocked.hpp"
#include "os/streams/captured_stream.hpp"
#include "os/streams/last_say.hpp"
#include "os/streams/waiting_lines.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/stream_capture.hpp"

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

/// Number of reads that empty a pipe.
constexpr int most_rounds = 64;
/// How long a process that dies waits for its threads to deliver all lines.
constexpr auto last_patience = 300ms;
/// How long it then waits for them to let go of the stream or line in hand.
constexpr auto longest_yield = 100ms;
/// How long the reader waits for more output before it ends.
constexpr auto linger = 1000ms;

/// How long output waits in the pipe if no thread can be started.
constexpr auto retry_after = 1000ms;

/// How long lines without an end rest for a shorter time, after the process was found to be dying.
constexpr auto longest_hurry = 1000ms;

/// State that the threads share. A thread that hangs in the log keeps it alive.
struct Capture {
    CapturedStream out{Stream::out};
    CapturedStream error{Stream::error};
    Descriptor wake;  ///< eventfd(2): readable if the reader should hurry
    LastSay last_say;
    WaitingLines waiting{last_say};
    StreamCapture::Deliver deliver;
    std::function<void()> prepare_thread;
    EventLoop* loop = nullptr;
    std::function<void()> await_output;                   ///< for the loop's thread, until the stop
    std::atomic<const CapturedStream*> in_hand{nullptr};  ///< the stream that the reader may have bytes of
    std::atomic<pid_t> reader{0};                         ///< its thread id
    std::atomic<bool> stops{false};

    /// Wakes the reader to check if it should stop, and makes it wait only a moment for the
    /// end of a line. Async-signal-safe.
    void hurry() const noexcept {
        constexpr std::uint64_t one = 1;
        if (wake) static_cast<void>(!::write(wake.get(), &one, sizeof one));
    }
    /// \param rest how long a line without an end may rest
    void read_all(const std::shared_ptr<Capture>& self, bool until_empty, std::chrono::milliseconds rest);
    void run_reader(const std::shared_ptr<Capture>& self);
    /// \returns true if the reader has nothing to do and has to end. The loop then waits for more output.
    bool leaves();
    /// Starts a thread that delivers the waiting lines, which most services never need. If no thread can be
    /// started, this thread delivers them.
    void deliver_beside(const std::shared_ptr<Capture>& self);
    void deliver_line(const WaitingLines::Line& line) const {
        deliver({line.stream, line.text, line.is_cut, line.lost_before});
    }

    std::mutex mutex;
    std::condition_variable ended;
    bool reader_runs = false;
    bool stopped = false;
    std::thread deliverer;
    bool is_delivered_beside = false;  ///< used by the reader, or by the stop when there is no reader
};

/// Gives the reader exclusive use of the stream.
class InHand {
public:
    InHand(Capture& capture, const CapturedStream& stream) : capture_{capture} {
        for (;;) {
            capture_.in_hand.store(&stream);
            if (!capture_.last_say.is_taken()) return;
            capture_.in_hand.store(nullptr);
            capture_.last_say.wait();
        }
    }
    InHand(const InHand&) = delete;
    InHand& operator=(const InHand&) = delete;
    ~InHand() { capture_.in_hand.store(nullptr); }

private:
    Capture& capture_;
};

void Capture::read_all(const std::shared_ptr<Capture>& self, bool until_empty, std::chrono::milliseconds rest) {
    for (CapturedStream* const stream : {&out, &error}) {
        const auto add = [this, &self, stream](std::string_view text, bool is_cut) {
            waiting.add(stream->stream(), text, is_cut);
            // Starts it at once: a pipe may hold more lines than may wait.
            if (!is_delivered_beside) deliver_beside(self);
        };
        // Reads no more than the pipe holds, as a child may go on printing.
        const int rounds = until_empty ? most_rounds : 1;
        for (int round = 0; round < rounds; ++round) {
            const InHand hand{*this, *stream};
            if (stream->descriptor() < 0 || !stream->read(add)) break;
        }
        const InHand hand{*this, *stream};
        const auto due = stream->due(rest);
        if (due && (*due <= SteadyClock::now() || stream->descriptor() < 0 || until_empty)) stream->end_line(add);
    }
}

void Capture::deliver_beside(const std::shared_ptr<Capture>& self) {
    std::unique_lock lock{mutex};
    if (stopped) return;
    const SignalsBlocked signals_blocked;
    try {
        deliverer = std::thread{[self]() noexcept {
            pthread_setname_np(pthread_self(), "stdio-log");
            self->prepare_thread();
            WaitingLines::Line line;
            while (self->waiting.take(line)) static_cast<void>(servicekit::attempt([&] { self->deliver_line(line); }));
        }};
        is_delivered_beside = true;
    } catch (const std::exception&) {
        lock.unlock();  // a log that hangs would hold up the loop's thread
        for (WaitingLines::Line line; waiting.take(line, false);)
            static_cast<void>(servicekit::attempt([&] { deliver_line(line); }));
    }
}

void Capture::run_reader(const std::shared_ptr<Capture>& self) {
    reader = static_cast<pid_t>(::syscall(SYS_gettid));
    // The time at which it stops hurrying, as the process goes on.
    std::optional<SteadyClock::time_point> hurries_until;
    for (;;) {
        const bool hurries = hurries_until && SteadyClock::now() < *hurries_until;
        const auto rest = hurries ? CapturedStream::last_rest : StreamCapture::longest_rest;
        std::optional<SteadyClock::time_point> due = out.due(rest);
        if (const auto other = error.due(rest); other && (!due || *other < *due)) due = other;
        const auto most = due ? std::chrono::ceil<std::chrono::milliseconds>(*due - SteadyClock::now()) : linger;
        const int timeout = static_cast<int>(std::max<std::int64_t>(0, most.count()));
        std::array<pollfd, 3> all{pollfd{out.descriptor(), POLLIN, 0}, pollfd{error.descriptor(), POLLIN, 0},
                                  pollfd{wake.get(), POLLIN, 0}};
        const int ready = ::poll(all.data(), all.size(), timeout);
        if (ready < 0 && errno != EINTR) break;
        if (ready == 0 && !due && leaves()) return;
        std::uint64_t rings = 0;
        if (all[2].revents != 0) {
            static_cast<void>(!::read(wake.get(), &rings, sizeof rings));
            hurries_until = SteadyClock::now() + longest_hurry;
        }
        // Read first, so that what was printed before the stop is still read.
        const bool stopping = stops.load();
        // If there is no memory, it reads again later.
        if (!servicekit::attempt([&] { read_all(self, stopping, rest); })) std::this_thread::sleep_for(10ms);
        if (stopping) break;
    }
    const std::lock_guard lock{mutex};
    reader = 0;
    reader_runs = false;
    ended.notify_all();
}

bool Capture::leaves() {
    std::thread idle;
    {
        const std::lock_guard lock{mutex};
        if (stops || stopped || !waiting.dismiss()) return false;
        idle = std::move(deliverer);
        is_delivered_beside = false;
    }
    if (idle.joinable()) idle.join();
    waiting.recall();
    const std::lock_guard lock{mutex};
    if (stops || stopped || !servicekit::attempt([this] { loop->post(await_output); })) return false;
    reader = 0;
    reader_runs = false;
    return true;
}

class PosixStreamCapture final : public StreamCapture {
public:
    ~PosixStreamCapture() override { stop(0ms); }

    Result<void> capture(Stream stream) override { return of(stream).open(posix_standard_streams()); }

    Result<void> start(Deliver deliver, const std::function<void()>& prepare_thread, EventLoop& loop) override {
        Capture& shared = *shared_;
        shared.wake.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (!shared.wake) return os_error("make an eventfd for captured streams", "", errno);
        close_in_children(shared.wake.get());
        shared.deliver = std::move(deliver);
        shared.prepare_thread = prepare_thread;
        shared.loop = &loop;
        shared.await_output = [this] { await_output(); };
        retry_ = loop.timer();
        try {
            for (Source& source : sources_)
                if (source.stream.is_open()) source.watch = loop.watch(source.stream.descriptor());
            await_output();
        } catch (const std::system_error& error) {
            return os_error("watch captured streams", "", error.code().value());
        }
        return {};
    }

    bool stop(std::chrono::milliseconds at_most) noexcept override {
        if (stopped_.exchange(true)) return true;
        Capture& shared = *shared_;
        const auto until = SteadyClock::now() + at_most;
        for (const Source& source : sources_)
            if (source.stream.is_open())
                static_cast<void>(servicekit::attempt(
                    [&] { static_cast<void>(posix_standard_streams().redirect_to_null(source.stream.stream())); }));
        const bool is_read = read_the_rest(until);
        const bool delivered = shared.waiting.wait_until_delivered(until);
        shared.waiting.close(!delivered);
        const std::lock_guard lock{shared.mutex};
        shared.stopped = true;
        if (!shared.deliverer.joinable()) return is_read && delivered;
        // A thread that hangs in the log keeps the shared state.
        if (delivered)
            shared.deliverer.join();
        else
            shared.deliverer.detach();
        return is_read && delivered;
    }

    void write_at_crash(void (*take)(void*, const CapturedLine&) noexcept, void* to) noexcept override {
        Capture& shared = *shared_;
        const auto is_done = [&shared] {
            return !shared.out.has_more() && !shared.error.has_more() && shared.in_hand.load() == nullptr &&
                   shared.waiting.count() == 0;
        };
        constexpr timespec a_millisecond{.tv_sec = 0, .tv_nsec = 1'000'000};
        // The threads log the lines in order and with the time, unless one of them crashed or waits for a lock of the
        // crashed thread. They rest if there were crash lines a moment ago.
        if (!shared.last_say.is_taken()) {
            shared.hurry();
            for (auto waited = 0ms; waited < last_patience && !stopped_ && !is_done(); waited += 1ms)
                ::nanosleep(&a_millisecond, nullptr);
        }
        shared.last_say.take();
        // A reader that crashed itself does no more work.
        const bool is_reader = shared.reader.load() == static_cast<pid_t>(::syscall(SYS_gettid));
        const auto reads = [&shared, is_reader] { return !is_reader && shared.in_hand.load() != nullptr; };
        for (auto waited = 0ms; waited < longest_yield && (reads() || shared.waiting.delivers()); waited += 1ms)
            ::nanosleep(&a_millisecond, nullptr);
        const auto lost = shared.waiting.each_of_the_last([&](const WaitingLines::Line& line) {
            take(to,
                 {.stream = line.stream, .text = line.text, .is_cut = line.is_cut, .lost_before = line.lost_before});
        });
        // If the reader still has the stream in hand, its lines would be written twice and torn.
        for (CapturedStream* const stream : {&shared.out, &shared.error})
            if (is_reader || shared.in_hand.load() != stream)
                stream->write_at_crash(take, to, lost[static_cast<std::size_t>(stream->stream())]);
        shared.last_say.end();
    }

private:
    struct Source {
        CapturedStream& stream;
        std::unique_ptr<Watch> watch = {};
    };

    CapturedStream& of(Stream stream) { return stream == Stream::error ? shared_->error : shared_->out; }

    /// Waits for output without a thread. For the loop's thread, and while no reader runs.
    void await_output() {
        for (const Source& source : sources_)
            if (source.watch && source.stream.descriptor() >= 0 && !stopped_)
                source.watch->await_readable([this] { start_reader(); });
    }
    void start_reader() {
        Capture& shared = *shared_;
        if (stopped_) return;
        const std::lock_guard lock{shared.mutex};
        if (stopped_ || shared.reader_runs) return;
        if (reader_.joinable()) reader_.join();  // it has left
        const SignalsBlocked signals_blocked;
        try {
            reader_ = std::thread{[kept = shared_]() noexcept {
                pthread_setname_np(pthread_self(), "stdio");
                kept->prepare_thread();
                kept->run_reader(kept);
            }};
            shared.reader_runs = true;
        } catch (const std::exception&) {
            retry_->start(retry_after, [this] { await_output(); });
        }
    }
    /// Lets the reader, or the calling thread if there is none, read what the pipes hold.
    /// \returns false if the reader is not done in time
    bool read_the_rest(SteadyClock::time_point until) noexcept {
        Capture& shared = *shared_;
        {
            std::unique_lock lock{shared.mutex};
            if (shared.reader_runs) {
                shared.stops = true;
                shared.last_say.end_rest();
                shared.hurry();
                shared.ended.wait_until(lock, until, [&shared] { return !shared.reader_runs; });
            }
            if (shared.reader_runs) {
                reader_.detach();
                return false;
            }
        }
        if (reader_.joinable()) reader_.join();
        if (!shared.deliver) return true;
        shared.reader = static_cast<pid_t>(::syscall(SYS_gettid));
        static_cast<void>(servicekit::attempt([&] { shared.read_all(shared_, true, 0ms); }));
        shared.reader = 0;
        return true;
    }

    std::shared_ptr<Capture> shared_ = std::make_shared<Capture>();
    std::thread reader_;  ///< guarded by the mutex of the shared state
    std::atomic<bool> stopped_{false};
    // For the loop's thread once it runs.
    std::array<Source, 2> sources_{Source{shared_->out}, Source{shared_->error}};
    std::unique_ptr<Timer> retry_;
};

}  // namespace

std::unique_ptr<StreamCapture> make_posix_stream_capture() { return std::make_unique<PosixStreamCapture>(); }

}  // namespace servicekit::os
