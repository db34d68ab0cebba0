#include "servicekit/core/logger.hpp"

#include <exception>

#include "base/scratch_text.hpp"
#include "core/log_router.hpp"

namespace servicekit {

Logger& Logger::channel(std::string_view name) { return desk_->channel(name); }

void Logger::show_to_boost_log(bool shows) noexcept { desk_->show_to_boost_log(shows); }

[[gnu::hot]] void Logger::put(LogLevel level, std::string_view message, std::span<const LogField> fields,
                              const LogSource& source) {
    desk_->put({.time = desk_->clock().system_now(),
                .level = level,
                .message = message,
                .fields = fields,
                .channel = name_,
                .source = source,
                .is_of_control_thread = desk_->is_control_thread()});
}

[[gnu::hot]] void Logger::put_formatted(LogLevel level, std::string_view format, std::span<const LogValue> values,
                                        const LogSource& source) {
    try {
        ScratchText message;
        append_formatted(message.text(), format, values);
        desk_->put({.time = desk_->clock().system_now(),
                    .level = level,
                    .message = message.text(),
                    .channel = name_,
                    .source = source,
                    .is_of_control_thread = desk_->is_control_thread()});
    } catch (const std::exception&) {
        // There is no memory for the whole line. Its format is better than nothing.
        put(level, format, {}, source);
    }
}

}  // namespace servicekit
