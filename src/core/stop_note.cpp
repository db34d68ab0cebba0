#include "core/stop_note.hpp"

#include <cerrno>
#include <cstddef>
#include <variant>

#include "base/attempt.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit {
namespace {

constexpr mode_t for_all_to_read = 0644;
constexpr std::size_t longest_note = 256;
constexpr double longest_stop_seconds = 365.0 * 24 * 3600;
constexpr const char* seconds_key = "stop-seconds";

using Seconds = std::chrono::duration<double>;

std::optional<StopNote::Duration> duration_in(std::string_view text) {
    const auto parsed = parse_json(text);
    const auto* const note = std::get_if<Value>(&parsed);
    if (note == nullptr || !note->is_object()) return std::nullopt;
    const Value* const seconds = note->as_object().find(seconds_key);
    if (seconds == nullptr || !seconds->is_number()) return std::nullopt;
    if (!(seconds->as_number() >= 0 && seconds->as_number() <= longest_stop_seconds)) return std::nullopt;
    return std::chrono::duration_cast<StopNote::Duration>(Seconds{seconds->as_number()});
}

}  // namespace

Result<void> StopNote::take_over(const std::string& path) {
    const auto last = files_.open_for_reading(path, os::Links::do_not_follow);
    if (!last && last.error().errno_value != ENOENT) return last.error();
    if (last) {
        const auto text = (*last)->read_at(0, longest_note);
        if (!text) return text.error();
        last_stop_ = duration_in(*text);
        if (auto removed = files_.remove(path); !removed && removed.error().errno_value != ENOENT) return removed;
    }
    auto made = files_.open_for_appending(path, for_all_to_read);
    if (!made) return made.error();
    file_ = *std::move(made);
    return {};
}

void StopNote::stop_begins() noexcept {
    began_at_.store(clock_.steady_now().time_since_epoch().count(), std::memory_order_relaxed);
    has_begun_.store(true, std::memory_order_release);
}

void StopNote::write() noexcept {
    if (!file_ || !has_begun_.load(std::memory_order_acquire) || is_written_.exchange(true)) return;
    const Duration took = clock_.steady_now().time_since_epoch() - Duration{began_at_.load(std::memory_order_relaxed)};
    static_cast<void>(attempt([&] {
        static_cast<void>(file_->write(to_json(Value{Object{{seconds_key, Seconds{took}.count()}}}) + "\n"));
    }));
}

}  // namespace servicekit
