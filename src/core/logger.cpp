#include "servicekit/core/logger.hpp"

namespace servicekit {
namespace {

constexpr std::size_t most_kept_lines = 1000;

}  // namespace

void Logger::write(LogLevel level, std::string_view message) {
    if (!shows(level)) return;
    const auto now = clock_->system_now();
    if (contract::Log* log = log_.load(std::memory_order_acquire)) {
        log->write({.time = now, .level = level, .message = message});
        return;
    }
    const std::lock_guard guard{mutex_};
    if (closed_) return;
    if (contract::Log* log = log_.load(std::memory_order_acquire)) {
        log->write({.time = now, .level = level, .message = message});
    } else if (kept_.size() < most_kept_lines) {
        kept_.push_back({now, level, std::string{message}});
    } else {
        ++dropped_;
    }
}

void Logger::open(contract::Log& log) {
    const std::lock_guard guard{mutex_};
    for (const Kept& line : kept_)
        if (shows(line.level)) log.write({.time = line.time, .level = line.level, .message = line.message});
    if (dropped_ > 0) {
        const std::string text = std::to_string(dropped_) + " lines before the log was open are lost";
        log.write({.time = clock_->system_now(), .level = LogLevel::warning, .message = text});
    }
    kept_ = {};
    log_.store(&log, std::memory_order_release);
}

void Logger::close() {
    const std::lock_guard guard{mutex_};
    closed_ = true;
    log_.store(nullptr, std::memory_order_release);
}

}  // namespace servicekit
