#include "core/log_router.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/escaped_text.hpp"

namespace servicekit {
namespace {

constexpr std::size_t most_kept_lines = 1000;
constexpr std::chrono::milliseconds child_patience{200};

/// A copy of a value that outlives the original.
class KeptValue {
public:
    explicit KeptValue(const LogValue& value) : value_{value} {
        if (value.kind() == LogValue::Kind::text || value.kind() == LogValue::Kind::printed) {
            text_.emplace();
            value.append_to(*text_);
        }
    }
    [[nodiscard]] LogValue value() const { return text_ ? LogValue{*text_} : value_; }

private:
    LogValue value_;
    std::optional<std::string> text_;
};

}  // namespace

struct LogRouter::Channel {
    Channel(LogRouter& desk, std::string name, LogLevel level) : logger{desk, std::move(name), level} {}
    Logger logger;
    bool has_own_level = false;
    bool is_foreign = true;  ///< the program has no logger for it yet
};

struct LogRouter::KeptLine {
    explicit KeptLine(const LogRecord& record)
        : time{record.time},
          level{record.level},
          message{record.message},
          channel{record.channel},
          source{record.source} {
        for (const LogField& field : record.fields) fields.emplace_back(field.key, KeptValue{field.value});
    }

    void write_to(LogPolicy& log) const {
        std::vector<LogField> again;
        again.reserve(fields.size());
        for (const auto& [key, kept] : fields) again.push_back({.key = key, .value = kept.value()});
        log.write(
            {.time = time, .level = level, .message = message, .fields = again, .channel = channel, .source = source});
    }

    std::chrono::system_clock::time_point time;
    LogLevel level;
    std::string message;
    std::string channel;
    LogSource source;
    std::vector<std::pair<std::string, KeptValue>> fields;
};

LogRouter::LogRouter(const os::Clock& clock, const os::Process& process, os::StandardStreams& streams,
                     os::BoostLog& boost_log)
    : clock_{&clock},
      process_{&process},
      streams_{&streams},
      boost_log_{&boost_log},
      whole_{*this, {}, LogLevel::trace},
      generation_{process.generation()} {}

LogRouter::~LogRouter() = default;

Logger& LogRouter::channel(std::string_view name) {
    if (name.empty()) return whole_;
    const auto lock = enter();
    if (!lock) return whole_;
    const auto found = channels_.find(name);
    Channel& channel = found != channels_.end() ? *found->second : add_channel(name);
    if (std::exchange(channel.is_foreign, false)) --foreign_channels_;
    return channel.logger;
}

std::unique_lock<std::mutex> LogRouter::enter() const {
    std::unique_lock lock{mutex_, std::defer_lock};
    // In a child of fork(2), nobody releases a mutex that another thread of the parent held at the fork.
    if (is_own_process())
        lock.lock();
    else
        static_cast<void>(lock.try_lock());
    return lock;
}

LogRouter::Channel& LogRouter::add_channel(std::string_view name) {
    std::string own_name{name};
    auto channel = std::make_unique<Channel>(*this, own_name, whole_.level());
    ++foreign_channels_;
    return *channels_.emplace(std::move(own_name), std::move(channel)).first->second;
}

void LogRouter::set_level(LogLevel level) {
    const std::lock_guard guard{mutex_};
    whole_.level_.store(level, std::memory_order_relaxed);
    for (const auto& [name, channel] : channels_)
        if (!channel->has_own_level) channel->logger.level_.store(level, std::memory_order_relaxed);
}

bool LogRouter::set_channel_level(std::string_view name, std::optional<LogLevel> level) {
    const std::lock_guard guard{mutex_};
    const auto found = channels_.find(name);
    if (found == channels_.end()) {
        if (!level) return true;
        if (foreign_channels_ >= most_foreign_channels) return false;
    } else if (!level && found->second->is_foreign) {
        channels_.erase(found);
        --foreign_channels_;
        return true;
    }
    Channel& channel = found != channels_.end() ? *found->second : add_channel(name);
    channel.has_own_level = level.has_value();
    channel.logger.level_.store(level.value_or(whole_.level()), std::memory_order_relaxed);
    return true;
}

LogLevel LogRouter::level_of(std::string_view channel) const {
    const std::lock_guard guard{mutex_};
    const auto found = channels_.find(channel);
    return (found != channels_.end() ? found->second->logger : whole_).level();
}

std::vector<std::pair<std::string, LogLevel>> LogRouter::channel_levels() const {
    const std::lock_guard guard{mutex_};
    std::vector<std::pair<std::string, LogLevel>> levels;
    for (const auto& [name, channel] : channels_)
        if (channel->has_own_level) levels.emplace_back(name, channel->logger.level());
    return levels;
}

bool LogRouter::shows(LogLevel level, std::string_view channel) const {
    if (channel.empty()) return whole_.shows(level);
    const auto lock = enter();
    if (!lock) return whole_.shows(level);
    const auto found = channels_.find(channel);
    return (found != channels_.end() ? found->second->logger : whole_).shows(level);
}

LogLevel LogRouter::lowest_level() const {
    LogLevel lowest = whole_.level();
    for (const auto& [name, level] : channel_levels()) lowest = std::min(lowest, level);
    return lowest;
}

void LogRouter::open(LogPolicy& log, std::string name) {
    {
        const std::lock_guard guard{mutex_};
        name_ = std::move(name);
        generation_ = process_->generation();
        for (const KeptLine& line : kept_) {
            const auto channel = channels_.find(line.channel);
            const Logger& logger = channel != channels_.end() ? channel->second->logger : whole_;
            if (logger.shows(line.level)) line.write_to(log);
        }
        if (const std::uint64_t dropped = lost_early(); dropped > 0) {
            const std::string text = std::to_string(dropped) + " lines before the log was open are lost";
            log.write({.time = clock_->system_now(), .level = LogLevel::warning, .message = text});
        }
        kept_ = {};
        log_.store(&log, std::memory_order_release);
    }
    subscription_ =
        boost_log_->subscribe([this](LogLevel level, std::string_view channel) { return shows(level, channel); },
                              [this](const LogRecord& record) {
                                  LogRecord timed = record;
                                  timed.time = clock_->system_now();
                                  timed.is_of_control_thread = is_control_thread();
                                  count(record.level);
                                  deliver(timed);
                              });
}

void LogRouter::close() {
    subscription_.reset();
    const std::lock_guard guard{mutex_};
    closed_ = true;
    log_.store(nullptr, std::memory_order_release);
}

// The usual case ends in a call that need not return here: after a system call, each return costs a misprediction.
[[gnu::hot]] void LogRouter::put(const LogRecord& record) noexcept {
    count(record.level);
    LogPolicy* const log = log_.load(std::memory_order_acquire);
    const bool shows_too = shows_to_boost_log_.load(std::memory_order_relaxed);
    if (log != nullptr && !shows_too && is_own_process()) return log->write(record);
    try {
        deliver(record);
    } catch (...) {
        return;  // out of memory: there is nowhere to report it
    }
    // In a child of fork(2), the locks of Boost.Log's core may be held for ever.
    if (shows_too && is_own_process()) boost_log_->show(record);
}

void LogRouter::deliver(const LogRecord& record) {
    LogPolicy* const log = log_.load(std::memory_order_acquire);
    if (log == nullptr)
        keep_or_put(record);
    else if (is_own_process())
        log->write(record);
    else
        put_from_child(record);
}

[[gnu::hot]] bool LogRouter::is_own_process() const noexcept {
    return generation_.load(std::memory_order_relaxed) == process_->generation();
}

void LogRouter::keep_or_put(const LogRecord& record) {
    const auto lock = enter();
    if (!lock) return put_from_child(record);
    if (closed_) return;
    if (LogPolicy* const log = log_.load(std::memory_order_acquire))
        log->write(record);
    else if (kept_.size() < most_kept_lines)
        kept_.emplace_back(record);
    else
        lost_early_.fetch_add(1, std::memory_order_relaxed);
}

// Takes no lock: in the child, a lock that another thread of the parent held at the fork is held for ever.
void LogRouter::put_from_child(const LogRecord& record) {
    std::string line = name_ + '[' + std::to_string(process_->id()) + "] in a child of fork, " +
                       std::string{to_string(record.level)} + ": ";
    line += record.message;
    for (const LogField& field : record.fields) {
        line += ' ';
        line += field.key;
        line += '=';
        field.value.append_to(line);
    }
    (void)streams_->write_within(os::Stream::error, escaped(line) + '\n', child_patience);
}

}  // namespace servicekit
