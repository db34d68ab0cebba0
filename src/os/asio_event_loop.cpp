#include <pthread.h>

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <boost/system/system_error.hpp>
#include <cstdint>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "os/epoll_set.hpp"
#include "os/posted_calls.hpp"
#include "os/signals_blocked.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::os {
namespace {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;
using StreamDescriptor = asio::posix::basic_stream_descriptor<Executor>;
using SteadyTimer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

// What a pending wait keeps alive. The loop's thread alone counts, so the counter needs no atomics.
template <class State>
using LoopOwned = boost::intrusive_ref_counter<State, boost::thread_unsafe_counter>;

class AsioTimer final : public Timer {
public:
    explicit AsioTimer(asio::io_context& context) : state_{new State{context}} {}
    ~AsioTimer() override {
        stop();
        state_->timer.cancel();
    }
    AsioTimer(const AsioTimer&) = delete;
    AsioTimer& operator=(const AsioTimer&) = delete;

    void start(std::chrono::milliseconds from_now, std::function<void()> callback) override {
        // Adding more to now would overflow the clock.
        constexpr std::chrono::milliseconds longest = std::chrono::hours{24 * 365 * 100};
        state_->callback = std::move(callback);
        state_->deadline = std::chrono::steady_clock::now() + std::min(from_now, longest);
        // A timer that is put off again and again, as those of idle connections are, costs no system call:
        // Asio waits for the first of its deadlines, and then for the one that is in force by then.
        if (!state_->pending || state_->deadline < state_->timer.expiry()) wait(state_);
    }
    void stop() override { state_->callback = nullptr; }

private:
    struct State : LoopOwned<State> {
        explicit State(asio::io_context& context) : timer{context} {}
        SteadyTimer timer;
        std::function<void()> callback = {};
        std::chrono::steady_clock::time_point deadline = {};
        std::uint64_t wait_number = 0;  ///< of the latest wait: earlier ones were given up
        bool pending = false;
    };

    struct Completion {
        boost::intrusive_ptr<State> state;
        std::uint64_t wait_number;
        void operator()(const boost::system::error_code&) const {
            if (wait_number != state->wait_number) return;
            state->pending = false;
            if (!state->callback) return;
            if (std::chrono::steady_clock::now() < state->deadline) return wait(state);
            const auto callback = std::exchange(state->callback, nullptr);
            callback();
        }
    };

    static void wait(const boost::intrusive_ptr<State>& state) {
        state->pending = true;
        state->timer.expires_at(state->deadline);
        state->timer.async_wait(Completion{state, ++state->wait_number});
    }

    boost::intrusive_ptr<State> state_;
};

class AsioEventLoop final : public EventLoop {
public:
    explicit AsioEventLoop(std::string thread) : thread_name_{std::move(thread)} { await_watched(); }
    ~AsioEventLoop() override {
        stop();
        (void)watched_is_ready_.release();
    }
    AsioEventLoop(const AsioEventLoop&) = delete;
    AsioEventLoop& operator=(const AsioEventLoop&) = delete;

    std::unique_ptr<Watch> watch(int descriptor) override { return watched_.watch(descriptor); }
    std::unique_ptr<Timer> timer() override { return std::make_unique<AsioTimer>(context_); }

    // A queue of our own makes a burst of calls, as replies to many clients are, six times cheaper than asio::post().
    void post(std::function<void()> call) override {
        if (posted_.add(std::move(call))) asio::post(context_, [this] { posted_.run(); });
    }

    Result<void> start() override {
        const std::lock_guard lock{thread_mutex_};
        if (thread_.joinable()) return Error{ExitCode::internal, "start the thread", thread_name_, "it runs already"};
        const SignalsBlocked signals_blocked;
        try {
            // noexcept: what escapes a callback ends the process, as it would escape any thread.
            thread_ = std::thread{[this]() noexcept {
                pthread_setname_np(pthread_self(), thread_name_.c_str());
                context_.run();
            }};
        } catch (const std::system_error& error) {
            return os_error("start the thread", thread_name_, error.code().value());
        }
        return {};
    }

    void stop() override {
        const std::lock_guard lock{thread_mutex_};
        if (!thread_.joinable()) return;
        post([this] { context_.stop(); });
        thread_.join();
        context_.restart();
    }

private:
    void await_watched() {
        watched_is_ready_.async_wait(StreamDescriptor::wait_read, [this](const boost::system::error_code& error) {
            if (error) return;  // the loop's end
            // What the callbacks post needs no turn of the loop's, nor a system call for one.
            posted_.expect_run();
            watched_.call_back();
            posted_.run();
            await_watched();
        });
    }

    // Were each watch one of Asio's own, each wait would cost a system call and an operation of Asio's, with many busy
    // connections a third of what a request costs in all. So Asio awaits one descriptor for all of them.
    // It stands above Asio's context, whose end destroys callbacks of timers, and with them what these own.
    EpollSet watched_;

    // Watches and timers are used by one thread only, so Asio needs no locks for them, but for post() it does.
    asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
    StreamDescriptor watched_is_ready_{context_, watched_.descriptor()};

    PostedCalls posted_;

    const std::string thread_name_;
    std::mutex thread_mutex_;
    std::thread thread_;
};

}  // namespace

std::unique_ptr<EventLoop> make_asio_event_loop(const std::string& thread) {
    try {
        return std::make_unique<AsioEventLoop>(thread);
    } catch (const boost::system::system_error& error) {
        throw std::system_error{error.code().value(), std::generic_category(), "cannot make an event loop"};
    }
}

}  // namespace servicekit::os
