#include "servicekit/core/logger.hpp"

#include <mutex>
#include <string>
#include <vector>

namespace servicekit {
namespace {

constexpr std::size_t most_kept_lines = 1000;

}  // namespace

struct Logger::Early {
    struct Line {
        std::chrono::system_clock::time_point time;
        LogLevel level;
        std::string message;
    };

    std::mutex mutex;
    std::vector<Line> kept;
    std::size_t dropped = 0;
    bool closed = false;
};

Logger::Logger(const os::Clock& clock) : clock_{&clock}, early_{std::make_unique<Early>()} {}

Logger::~Logger() = default;

void Logger::write(LogLevel level, std::string_view message) {
    if (!shows(level)) return;
    const auto now = clock_->system_now();
    if (contract::Log* log = log_.load(std::memory_order_acquire)) {
        log->write({.time = now, .level = level, .message = message});
        return;
    }
    const std::lock_guard guard{early_->mutex};
    if (early_->closed) return;
    if (contract::Log* log = log_.load(std::memory_order_acquire)) {
        log->write({.time = now, .level = level, .message = message});
    } else if (early_->kept.size() < most_kept_lines) {
        early_->kept.push_back({now, level, std::string{message}});
    } else {
        ++early_->dropped;
    }
}

void Logger::open(contract::Log& log) {
    const std::lock_guard guard{early_->mutex};
    for (const Early::Line& line : early_->kept)
        if (shows(line.level)) log.write({.time = line.time, .level = line.level, .message = line.message});
    if (early_->dropped > 0) {
        const std::string text = std::to_string(early_->dropped) + " lines before the log was open are lost";
        log.write({.time = clock_->system_now(), .level = LogLevel::warning, .message = text});
    }
    early_->kept = {};
    log_.store(&log, std::memory_order_release);
}

void Logger::close() {
    const std::lock_guard guard{early_->mutex};
    early_->closed = true;
    log_.store(nullptr, std::memory_order_release);
}

}  // namespace servicekit
