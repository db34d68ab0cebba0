#include "servicekit/core/logger.hpp"

#include <utility>

#include "core/log_desk.hpp"

namespace servicekit {
namespace {

/// A string that a thread formats into, again and again, so that a line costs no memory. One that is formatted while
/// another is, as by a printing function that logs, gets a string of its own.
class Scratch {
public:
    Scratch() : text_{std::exchange(spare(), {})} { text_.clear(); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() {
        if (text_.capacity() <= largest_kept) spare() = std::move(text_);
    }
    [[nodiscard]] std::string& text() noexcept { return text_; }

private:
    static constexpr std::size_t largest_kept = 64U << 10U;

    static std::string& spare() {
        thread_local std::string spare;
        return spare;
    }

    std::string text_;
};

}  // namespace

Logger& Logger::channel(std::string_view name) { return desk_->channel(name); }

void Logger::put(LogLevel level, std::string_view message, std::span<const LogField> fields, const LogSource& source) {
    desk_->put({.time = desk_->clock().system_now(),
                .level = level,
                .message = message,
                .fields = fields,
                .channel = name_,
                .source = source});
}

void Logger::put_formatted(LogLevel level, std::string_view format, std::span<const LogValue> values,
                           const LogSource& source) {
    Scratch scratch;
    append_formatted(scratch.text(), format, values);
    put(level, scratch.text(), {}, source);
}

}  // namespace servicekit
