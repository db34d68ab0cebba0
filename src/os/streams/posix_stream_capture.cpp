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
#include <deque>
#include <limits>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "base/attempt.hpp"
#include "os/process/fork_guard.hpp"
#include "os/process/thread_error.hpp"
#include "os/signals/signals_blocked.hpp"
#include "os/streams/captured_stream.hpp"
#include "servicekit/os/stream_capture.hpp"

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

/// Limit of the bytes that are read but not delivered yet.
constexpr std::size_t most_waiting = std::size_t{4} << 20U;
/// Number of reads that empty a pipe.
constexpr int most_rounds = 64;
/// How long undelivered lines may block a thread that prints.
constexpr auto longest_stall = 1000ms;
/// How long a process that dies waits for its threads to deliver all lines.
constexpr auto last_patience = 300ms;
/// How long it then waits for them to let go of the stream or line in hand.
constexpr auto longest_yield = 100ms;
/// How long the threads rest after crash lines. A process that dies may write more crash lines in this time, and has
/// then ended. One that goes on, because of a handler of the program, needs its threads again.
constexpr auto rest_after_crash = 1000ms;

/// How long lines without an end rest for a shorter time, after the process was found to be dying.
constexpr auto longest_hurry = 1000ms;

/// Keeps threads from their work while a signal handler does it. The handler cannot wait for a lock.
///
/// A thread first marks something as in hand, and then checks this object. A handler first takes the last say, and then
/// checks what is in hand. All of that is sequentially consistent, so one of the two sees the other.
class LastSay {
public:
    // Async-signal-safe.
    void take() noexcept { until_.store(for_ever); }
    void end() noexcept { until_.store((SteadyClock::now() + rest_after_crash).time_since_epoch().count()); }
    [[nodiscard]] bool is_taken() const noexcept {
        const Ticks until = until_.load();
        return until != 0 && (until == for_ever || SteadyClock::now().time_since_epoch().count() < until);
    }

    /// Ends the rest of the threads, as the process goes on.
    void end_rest() noexcept {
        Ticks until = until_.load();
        while (until != for_ever && !until_.compare_exchange_weak(until, 0)) {
        }
    }
    /// Polls, as a handler cannot notify.
    void wait() const {
        while (is_taken()) std::this_thread::sleep_for(1ms);
    }

private:
    using Ticks = SteadyClock::rep;
    static constexpr Ticks for_ever = std::numeric_limits<Ticks>::max();
    static_assert(std::atomic<Ticks>::is_always_lock_free);

    std::atomic<Ticks> until_{0};  ///< 0 before any handler had it
};

/// Lines between the thread that reads and the one that delivers.
class Waiting {
public:
    struct Line {
        Stream stream = Stream::out;
        std::string text;
        bool is_cut = false;
        std::uint64_t lost_before = 0;
    };

    explicit Waiting(const LastSay& last_say) : last_say_{&last_say} {}

    /// Called by the reader. Waits for room. If the last wait was in vain, it does not wait but drops the line.
    void add(Stream stream, std::string_view text, bool is_cut) {
        std::unique_lock lock{mutex_};
        if (!has_room() && (hangs_ || !wait_for_room(lock))) {
            hangs_ = true;
            ++lost_[static_cast<std::size_t>(stream)];
            return;
        }
        hangs_ = false;
        const auto lost = std::exchange(lost_[static_cast<std::size_t>(stream)], 0);
        lines_.push_back({stream, std::string{text}, is_cut, lost});
        bytes_ += text.size() + sizeof(Line);
        count_.store(lines_.size() + (delivers_ ? 1 : 0), std::memory_order_release);
        added_.notify_one();
    }
    /// Called by the deliverer. \returns false at the end. If it does not wait for a line, \returns false also if there
    /// is none or if it is about to be a crash line.
    bool take(Line& line, bool waits = true) {
        std::unique_lock lock{mutex_};
        delivers_ = false;
        const auto has_line = [this] {
            drop_told();
            return !lines_.empty();
        };
        for (;;) {
            if (waits) added_.wait(lock, [this, has_line] { return has_line() || closed_; });
            if (!has_line()) return false;
            delivers_ = true;
            if (!last_say_->is_taken()) break;
            delivers_ = false;
            if (!waits) return false;
            lock.unlock();
            last_say_->wait();
            lock.lock();
        }
        line = std::move(lines_.front());
        lines_.pop_front();
        bytes_ -= line.text.size() + sizeof(Line);
        taken_.notify_all();
        return true;
    }
    /// Ends the adding of lines.
    /// \param drops also drops the waiting lines: the log may be gone before their turn
    void close(bool drops) {
        const std::lock_guard lock{mutex_};
        closed_ = true;
        if (drops) {
            lines_.clear();
            told_ = 0;
        }
        added_.notify_all();
        taken_.notify_all();
    }
    [[nodiscard]] bool wait_until_delivered(SteadyClock::time_point until) {
        std::unique_lock lock{mutex_};
        return taken_.wait_until(lock, until, [this] { return lines_.empty() && !delivers_; });
    }
    /// Number of lines that are not delivered yet. Async-signal-safe.
    [[nodiscard]] std::size_t count() const noexcept { return count_.load(std::memory_order_acquire); }
    /// Returns true if a line is being delivered. Async-signal-safe.
    [[nodiscard]] bool delivers() const noexcept { return delivers_.load(); }
    /// Number of lost lines that were not reported yet, by stream.
    using Lost = std::array<std::uint64_t, 3>;
    /// Calls `take` with each line that is here and was not a crash line yet, in a process that dies of a signal.
    /// Does nothing if the lock is held.
    /// \returns the numbers of lines lost after these, for the caller to report
    template <class Take>
    Lost each_of_the_last(Take take) noexcept {
        constexpr timespec a_millisecond{.tv_sec = 0, .tv_nsec = 1'000'000};
        // Trying cannot block. A thread that yields may be about to release the lock.
        std::unique_lock lock{mutex_, std::try_to_lock};
        for (int tries = 0; !lock && tries < 20; ++tries) {
            ::nanosleep(&a_millisecond, nullptr);
            static_cast<void>(lock.try_lock());
        }
        if (!lock) return {};
        for (auto at = lines_.begin() + static_cast<std::ptrdiff_t>(told_); at != lines_.end(); ++at) take(*at);
        told_ = lines_.size();
        return std::exchange(lost_, {});
    }

private:
    /// While a handler has the last say, a thread adds the line that it has in hand regardless
    /// of room. \pre the lock is held
    [[nodiscard]] bool has_room() const noexcept { return bytes_ < most_waiting || closed_ || last_say_->is_taken(); }
    bool wait_for_room(std::unique_lock<std::mutex>& lock) {
        const auto until = SteadyClock::now() + longest_stall;
        while (!has_room() && SteadyClock::now() < until) taken_.wait_for(lock, 10ms);
        return has_room();
    }
    /// Removes lines that were crash lines, as they must not be delivered again. \pre the lock is held
    void drop_told() {
        for (; told_ > 0; --told_) {
            bytes_ -= lines_.front().text.size() + sizeof(Line);
            lines_.pop_front();
        }
        count_.store(lines_.size() + (delivers_ ? 1 : 0), std::memory_order_release);
        taken_.notify_all();
    }

    const LastSay* last_say_;
    std::mutex mutex_;
    std::condition_variable added_;
    std::condition_variable taken_;
    std::deque<Line> lines_;
    std::size_t bytes_ = 0;
    std::size_t told_ = 0;  ///< number of lines at the front that were crash lines
    Lost lost_{};
    std::atomic<bool> delivers_{false};
    bool hangs_ = false;
    bool closed_ = false;
    std::atomic<std::size_t> count_{0};
};

/// State that the threads share. A thread that hangs in the log keeps it alive.
struct Capture {
    CapturedStream out{Stream::out};
    CapturedStream error{Stream::error};
    Descriptor wake;  ///< eventfd(2): readable if the reader should hurry
    LastSay last_say;
    Waiting waiting{last_say};
    StreamCapture::Deliver deliver;
    std::function<void()> prepare_thread;
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
    /// Starts a thread that delivers the waiting lines, which most services never need. If no thread can be
    /// started, this thread delivers them.
    void deliver_beside(const std::shared_ptr<Capture>& self);
    void deliver_line(const Waiting::Line& line) const {
        deliver({line.stream, line.text, line.is_cut, line.lost_before});
    }

    std::mutex mutex;
    std::condition_variable ended;
    bool reader_ended = false;
    bool stopped = false;
    std::thread deliverer;
    bool is_delivered_beside = false;  ///< used by the reader only
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
    const std::lock_guard lock{mutex};
    if (stopped) return;
    try {
        deliverer = std::thread{[self]() noexcept {
            pthread_setname_np(pthread_self(), "stdio-log");
            self->prepare_thread();
            Waiting::Line line;
            while (self->waiting.take(line)) static_cast<void>(servicekit::attempt([&] { self->deliver_line(line); }));
        }};
        is_delivered_beside = true;
    } catch (const std::system_error&) {
        for (Waiting::Line line; waiting.take(line, false);) deliver_line(line);
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
        int timeout = -1;
        if (due)
            timeout = static_cast<int>(std::max<std::int64_t>(
                0, std::chrono::ceil<std::chrono::milliseconds>(*due - SteadyClock::now()).count()));
        std::array<pollfd, 3> all{pollfd{out.descriptor(), POLLIN, 0}, pollfd{error.descriptor(), POLLIN, 0},
                                  pollfd{wake.get(), POLLIN, 0}};
        if (::poll(all.data(), all.size(), timeout) < 0 && errno != EINTR) break;
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
    reader_ended = true;
    ended.notify_all();
}

class PosixStreamCapture final : public StreamCapture {
public:
    ~PosixStreamCapture() override { stop(0ms); }

    Result<void> capture(Stream stream) override { return of(stream).open(posix_standard_streams()); }

    Result<void> start(Deliver deliver, const std::function<void()>& prepare_thread) override {
        Capture& shared = *shared_;
        shared.wake.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (!shared.wake) return os_error("make an eventfd for captured streams", "", errno);
        close_in_children(shared.wake.get());
        shared.deliver = std::move(deliver);
        shared.prepare_thread = prepare_thread;
        const SignalsBlocked signals_blocked;
        try {
            reader_ = std::thread{[kept = shared_]() noexcept {
                pthread_setname_np(pthread_self(), "stdio");
                kept->prepare_thread();
                kept->run_reader(kept);
            }};
        } catch (const std::system_error& error) {
            return thread_error("start a thread for captured streams", "", error.code().value());
        }
        return {};
    }

    bool stop(std::chrono::milliseconds at_most) noexcept override {
        if (stopped_.exchange(true)) return true;
        Capture& shared = *shared_;
        const auto until = SteadyClock::now() + at_most;
        for (CapturedStream* const stream : {&shared.out, &shared.error})
            if (stream->is_open())
                static_cast<void>(servicekit::attempt(
                    [stream] { static_cast<void>(posix_standard_streams().redirect_to_null(stream->stream())); }));
        bool is_read = true;
        if (reader_.joinable()) {
            shared.stops = true;
            shared.last_say.end_rest();
            shared.hurry();
            std::unique_lock lock{shared.mutex};
            shared.ended.wait_until(lock, until, [&shared] { return shared.reader_ended; });
            is_read = shared.reader_ended;
            lock.unlock();
            if (is_read)
                reader_.join();
            else
                reader_.detach();
        }
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
        const auto lost = shared.waiting.each_of_the_last([&](const Waiting::Line& line) {
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
    CapturedStream& of(Stream stream) { return stream == Stream::error ? shared_->error : shared_->out; }

    std::shared_ptr<Capture> shared_ = std::make_shared<Capture>();
    std::thread reader_;
    std::atomic<bool> stopped_{false};
};

}  // namespace

std::unique_ptr<StreamCapture> make_posix_stream_capture() { return std::make_unique<PosixStreamCapture>(); }

}  // namespace servicekit::os
