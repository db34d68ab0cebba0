#include "core/candidacy.hpp"

#include "base/attempt.hpp"

namespace servicekit {

std::optional<std::uint64_t> Candidacy::token() const {
    if (has_standby_ && !has_role()) return std::nullopt;
    return lock_.token();
}

std::string Candidacy::token_in_words() const {
    const std::uint64_t last = last_token_.load(std::memory_order_acquire);
    return last != 0 ? ", token " + std::to_string(last) : std::string{};
}

[[gnu::hot]] void Candidacy::add_fields(Object& status) const {
    if (!has_standby_) return;
    const bool is_active_one = is_active();
    status.append("role", is_active_one ? "active" : "standby");
    if (!is_active_one) return;
    if (const auto known = token()) status.append("token", *known);
}

std::string Candidacy::active_in_words() const {
    const Object fields = lock_.status_fields();
    const Value* const active = fields.find("active");
    if (active == nullptr || !active->is_object()) return {};
    std::string words = active->as_object().get<std::string>("host", {});
    const Value* const pid = active->as_object().find("pid");
    if (pid != nullptr && pid->is_integer())
        words += (words.empty() ? "pid " : " (pid ") + std::to_string(pid->as_integer()) + (words.empty() ? "" : ")");
    return words;
}

Result<void> Candidacy::contend(const std::stop_token& stop) {
    {
        const std::lock_guard guard{mutex_};
        has_joined_ = true;
    }
    auto joined = lock_.contend(*this, stop);
    if (!joined) stand_down();
    return joined;
}

void Candidacy::stand_down() noexcept {
    {
        const std::lock_guard guard{mutex_};
        if (!has_joined_) return;
        has_joined_ = false;
        // Inactive before another instance can be active.
        has_lost_.store(true, std::memory_order_release);
    }
    lock_.stand_down();
    has_role_.store(false, std::memory_order_release);
    has_lost_.store(false, std::memory_order_release);
}

void Candidacy::won() {
    // The lock has none any more once it is lost.
    std::optional<std::uint64_t> token;
    static_cast<void>(attempt([&] { token = lock_.token(); }));
    {
        const std::lock_guard guard{mutex_};
        if (!has_joined_ || has_role()) return;
        last_token_.store(token.value_or(0), std::memory_order_release);
        has_role_.store(true, std::memory_order_release);
    }
    if (calls_.on_won) calls_.on_won();
}

void Candidacy::lost(const Error& why, std::chrono::milliseconds time) {
    {
        const std::lock_guard guard{mutex_};
        // The first loss counts: its time is over first.
        if (!has_joined_ || !has_role() || has_lost()) return;
        has_lost_.store(true, std::memory_order_release);
    }
    if (calls_.on_lost) calls_.on_lost({why, time});
}

void Candidacy::report(LogLevel level, const std::string& text) {
    static_cast<void>(attempt([&] { log_.write(level, text); }));
    if (calls_.on_report) calls_.on_report();
}

}  // namespace servicekit
