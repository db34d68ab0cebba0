#include "core/service_log.hpp"

#include <algorithm>
#include <system_error>
#include <thread>
#include <utility>

#include "core/caught_exception.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;

/// How long a thread waits for a log that hangs.
constexpr auto flush_limit = 1000ms;

}  // namespace

std::optional<Error> ServiceLog::start(os::EventLoop& starter) {
    if (!policy_.works_in_background()) return std::nullopt;
    try {
        loop_ = host_.make_event_loop("log");
    } catch (const std::system_error& error) {
        return os_error("make an event loop for the log", "", error.code().value());
    }
    if (auto started = policy_.start(*loop_); !started) return started.error();
    const auto prepare_thread = [this] { host_.crashes->guard_this_thread(); };
    if (auto started = loop_->start_on_demand(starter, prepare_thread); !started) return started.error();
    return std::nullopt;
}

void ServiceLog::end(std::chrono::milliseconds at_most) {
    router_.close();
    if (loop_) {
        loop_->stop();
        policy_.stop();
    }
    close(at_most);
}

Result<void> ServiceLog::reopen() {
    const std::lock_guard guard{mutex_};
    if (auto reopened = policy_.reopen(); !reopened) return reopened;
    return streams_.reopen();
}

void ServiceLog::set_level(LogLevel level) {
    router_.set_level(level);
    const std::lock_guard guard{mutex_};
    policy_.set_level(router_.lowest_level());
}

bool ServiceLog::set_level(std::string_view channel, std::optional<LogLevel> level) {
    if (!router_.set_channel_level(channel, level)) return false;
    const std::lock_guard guard{mutex_};
    policy_.set_level(router_.lowest_level());
    return true;
}

void ServiceLog::flush() { policy_.flush(flush_limit); }

void ServiceLog::flush_soon(Flushed done) {
    if (!loop_) return done(nullptr);
    {
        const std::lock_guard guard{flush_mutex_};
        wait_for_flush_.push_back(std::move(done));
        if (wait_for_flush_.size() > 1) return;
    }
    const auto flush_for_all = [this] {
        std::vector<Flushed> waited;
        {
            const std::lock_guard guard{flush_mutex_};
            waited.swap(wait_for_flush_);
        }
        std::optional<Object> error;
        try {
            flush();
        } catch (...) {
            error = describe_current_exception().as_error("log-flush");
        }
        for (const Flushed& one : waited) one(error ? &*error : nullptr);
    };
    try {
        loop_->post(flush_for_all);
    } catch (...) {
        const std::lock_guard guard{flush_mutex_};
        wait_for_flush_.clear();
        throw;
    }
}

void ServiceLog::close(std::chrono::milliseconds at_most) {
    // Output that was printed before this belongs in the log, too.
    const auto begin = host_.clock->steady_now();
    static_cast<void>(streams_.stop(at_most / 2));
    const auto used = std::chrono::duration_cast<std::chrono::milliseconds>(host_.clock->steady_now() - begin);
    // Not a std::timed_mutex, because the thread sanitizers of our compilers do not support its timed wait.
    std::unique_lock lock{mutex_, std::try_to_lock};
    for (auto waited = 0ms; !lock && waited < at_most; waited += 1ms) {
        std::this_thread::sleep_for(1ms);
        static_cast<void>(lock.try_lock());
    }
    // Without the lock, another thread hangs in the log.
    if (lock) policy_.close(std::max(at_most / 2, at_most - used));
}

}  // namespace servicekit
