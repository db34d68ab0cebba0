#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/built_in_events.hpp"
#include "core/collected_items.hpp"
#include "servicekit/base/peer.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/core/event.hpp"
#include "servicekit/policy/control_policy.hpp"

namespace servicekit {

/// Delivers the answer of an event. An event has one answer. All functions can be called from any thread.
class Answer {
public:
    virtual ~Answer() = default;
    virtual void succeed(const Object& fields) = 0;
    virtual void fail(const Object& error) = 0;
    /// Reports that the event will not run: the service stops, or too many events wait. By default a failure.
    virtual void decline(const Object& error) { fail(error); }
    /// Reports that the client's time was up. By default a failure.
    virtual void time_out(const EventDeclaration& event);
    virtual void progress(std::uint64_t, std::uint64_t, std::string_view) {}
    /// Reports that the event waits. \param running the event that runs before it; may be empty
    virtual void queued(std::uint64_t /*id*/, std::string_view /*running*/) {}
    virtual void begun(std::uint64_t /*id*/) {}
    /// Works like Responder::send_item(). By default nobody reads the item.
    // NOLINTNEXTLINE(performance-unnecessary-value-param): others keep it
    virtual Responder::Sent send_item(std::string_view /*line*/, std::function<void()> /*on_room*/) {
        return Responder::Sent::never;
    }
    /// Reports that there is no memory for any other answer. By default does nothing.
    virtual void lack_memory() {}
};

/// A requested event, from the request to its answer. The threads that may answer it share it.
class QueuedEvent {
public:
    QueuedEvent(std::shared_ptr<const EventDeclaration> event, Arguments arguments, Peer peer,
                std::unique_ptr<Answer> answer)
        : event_{std::move(event)},
          built_in_{built_in_of(*event_)},
          arguments_{std::move(arguments)},
          peer_{std::move(peer)},
          answer_{std::move(answer)} {}

    [[nodiscard]] const EventDeclaration& event() const noexcept { return *event_; }
    [[nodiscard]] const std::shared_ptr<const EventDeclaration>& shared_event() const noexcept { return event_; }
    /// Returns the row of its event; null if it is the program's own.
    [[nodiscard]] const BuiltInEvent* built_in() const noexcept { return built_in_; }
    [[nodiscard]] const Arguments& arguments() const noexcept { return arguments_; }
    [[nodiscard]] const Peer& peer() const noexcept { return peer_; }

    /// Sets its number among all requests of the service. Call once, before other threads know the event.
    void set_id(std::uint64_t id, std::chrono::steady_clock::time_point asked_at) noexcept {
        id_ = id;
        asked_at_ = asked_at;
    }
    [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
    [[nodiscard]] std::chrono::steady_clock::time_point asked_at() const noexcept { return asked_at_; }
    /// Notes that its handler begins. Call on the handler's thread.
    void set_began_at(std::chrono::steady_clock::time_point now) noexcept {
        began_at_.store(now, std::memory_order_relaxed);
    }
    [[nodiscard]] std::chrono::steady_clock::time_point began_at() const noexcept {
        return began_at_.load(std::memory_order_relaxed);
    }

    /// Returns the token that asks its handler to end.
    [[nodiscard]] std::stop_token stop_token() const noexcept { return stop_.get_token(); }
    void request_stop() noexcept { stop_.request_stop(); }
    /// Asks its handler to end because nobody wants the result. \param by who cancels it, in words
    void cancel(const std::string& by) {
        {
            const std::lock_guard guard{progress_mutex_};
            if (!cancelled_by_) cancelled_by_ = by;
        }
        stop_.request_stop();
    }
    /// Returns who cancelled it; nothing if nobody did.
    [[nodiscard]] std::optional<std::string> cancelled_by() const {
        if (!stop_.stop_requested()) return std::nullopt;
        const std::lock_guard guard{progress_mutex_};
        return cancelled_by_;
    }

    /// Call before the event is queued.
    void expect_answer_by(std::chrono::steady_clock::time_point deadline) { deadline_ = deadline; }
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> deadline() const noexcept { return deadline_; }
    void want_progress() noexcept { wants_progress_ = true; }
    void want_turns() noexcept { wants_turns_ = true; }
    void want_items() noexcept { wants_items_ = true; }
    /// Enables the log line about its outcome.
    void log_outcome() noexcept { logs_outcome_ = true; }

    /// Returns true if its caller or a follower wants progress.
    [[nodiscard]] bool wants_progress() const noexcept {
        return wants_progress_ || is_followed_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] bool wants_turns() const noexcept { return wants_turns_; }
    [[nodiscard]] bool wants_items() const noexcept { return wants_items_; }
    [[nodiscard]] bool logs_outcome() const noexcept { return logs_outcome_; }
    [[nodiscard]] bool is_answered() const noexcept { return answered_.load(std::memory_order_acquire); }

    // Each of these answers the caller, if nothing did before, and the followers of the event.
    // \returns true if the caller had no answer before
    bool succeed(const Object& fields) {
        return end([&](Answer& answer) { answer.succeed(fields); });
    }
    bool fail(const Object& error) {
        return end([&](Answer& answer) { answer.fail(error); });
    }
    bool decline(const Object& error) {
        return end([&](Answer& answer) { answer.decline(error); });
    }
    /// The event may go on, and get other followers.
    bool time_out() {
        return end([&](Answer& answer) { answer.time_out(*event_); }, false);
    }
    /// For lack of memory for any other answer.
    bool lack_memory() {
        return end([](Answer& answer) { answer.lack_memory(); });
    }
    /// Sends progress to the caller until it is answered, and to the followers.
    void progress(std::uint64_t done, std::uint64_t total, std::string_view text) {
        if (!wants_progress()) return;
        const std::lock_guard guard{progress_mutex_};
        if (wants_progress_ && !is_answered()) answer_->progress(done, total, text);
        for (const auto& follower : followers_) follower->progress(done, total, text);
    }

    /// Most followers at a time. A further one replaces the first, whose client may be gone.
    static constexpr std::size_t most_followers = 64;
    /// Gives the progress of this event and its answer to another request, too. \returns false if it has ended
    bool add_follower(const std::shared_ptr<QueuedEvent>& follower);

    /// Works like Responder::send_item(). Returns `never` after the answer. \pre the client wants items
    Responder::Sent send_item(std::string_view line, std::function<void()> on_room) {
        const std::lock_guard guard{progress_mutex_};
        return is_answered() ? Responder::Sent::never : answer_->send_item(line, std::move(on_room));
    }
    /// Keeps an object for the answer, like CollectedItems::add().
    [[nodiscard]] bool collect(const Object& item, std::size_t bytes) {
        const std::lock_guard guard{progress_mutex_};
        return collected_.add(item, bytes);
    }
    /// Returns the objects that were kept, and forgets them.
    [[nodiscard]] CollectedItems take_collected() {
        const std::lock_guard guard{progress_mutex_};
        return std::exchange(collected_, {});
    }

    /// Notifies a client that wants to know that its event waits. Does nothing if the event has begun, or if the client
    /// knows this already.
    /// \param running returns the name of the event that runs now. It is called late, so that the last notification has
    ///        the latest name.
    template <class Running>
    void tell_queued(const Running& running) {
        if (!wants_turns_) return;
        const std::lock_guard guard{progress_mutex_};
        if (has_begun_ || is_answered()) return;
        const std::string name{running()};
        if (told_ == name) return;
        answer_->queued(id_, name);
        told_ = name;
    }
    /// Notifies the clients that want to know that the event begins.
    void begin() {
        const std::lock_guard guard{progress_mutex_};
        has_begun_ = true;
        if (wants_turns_ && !is_answered()) answer_->begun(id_);
        for (const auto& follower : followers_) follower->show_turn(id_, has_begun_);
    }

private:
    using Followers = std::vector<std::shared_ptr<QueuedEvent>>;

    /// Answers the caller, and then the followers.
    template <class Give>
    bool end(const Give& give_answer, bool is_over = true) {
        Followers followers;
        const bool is_first = claim(followers, is_over);
        if (is_first) give(give_answer);
        for (const auto& follower : followers)
            if (Followers none; follower->claim(none, true)) follower->give(give_answer);
        return is_first;
    }
    template <class Give>
    void give(const Give& give_answer) {
        try {
            give_answer(*answer_);
        } catch (const std::bad_alloc&) {
            answer_->lack_memory();
        }
    }
    /// \param followers gets the followers
    /// \param is_over no further followers are taken
    /// \returns true if the caller has no answer yet
    bool claim(Followers& followers, bool is_over) {
        // No line may follow the answer: the client would take it for the reply to its next request.
        const std::lock_guard guard{progress_mutex_};
        is_over_ = is_over_ || is_over;
        followers_.swap(followers);
        return !answered_.exchange(true, std::memory_order_acq_rel);
    }
    /// Notifies the caller of the turn of the event with this id: its own, or the one that it follows.
    void show_turn(std::uint64_t id, bool has_begun) {
        const std::lock_guard guard{progress_mutex_};
        if (!wants_turns_ || is_answered()) return;
        has_begun ? answer_->begun(id) : answer_->queued(id, {});
    }

    std::shared_ptr<const EventDeclaration> event_;
    const BuiltInEvent* built_in_;
    Arguments arguments_;
    Peer peer_;
    std::unique_ptr<Answer> answer_;
    std::uint64_t id_ = 0;
    std::chrono::steady_clock::time_point asked_at_;
    std::atomic<std::chrono::steady_clock::time_point> began_at_{std::chrono::steady_clock::time_point{}};
    std::stop_source stop_;
    std::optional<std::chrono::steady_clock::time_point> deadline_;
    bool wants_progress_ = false;
    bool wants_turns_ = false;
    bool wants_items_ = false;
    bool logs_outcome_ = false;
    std::atomic<bool> is_followed_{false};
    bool has_begun_ = false;                   // guarded by the mutex below
    bool is_over_ = false;                     // also guarded
    Followers followers_;                      // also guarded
    std::optional<std::string> told_;          // also guarded: the event before it that its client knows
    std::optional<std::string> cancelled_by_;  // also guarded
    CollectedItems collected_;                 // also guarded
    mutable std::mutex progress_mutex_;
    std::atomic<bool> answered_{false};
};

/// An answer over the control socket.
class ClientAnswer final : public Answer {
public:
    explicit ClientAnswer(std::shared_ptr<Responder> responder) : responder_{std::move(responder)} {}
    void succeed(const Object& fields) override;
    void fail(const Object& error) override;
    void progress(std::uint64_t done, std::uint64_t total, std::string_view text) override;
    void queued(std::uint64_t id, std::string_view running) override;
    void begun(std::uint64_t id) override;
    Responder::Sent send_item(std::string_view line, std::function<void()> on_room) override;
    void lack_memory() override;

private:
    std::shared_ptr<Responder> responder_;
};

/// An answer to a function of the program.
class CallbackAnswer final : public Answer {
public:
    using Callback = std::function<void(const Object* fields, const Object* error)>;
    explicit CallbackAnswer(Callback callback) : callback_{std::move(callback)} {}
    void succeed(const Object& fields) override { callback_(&fields, nullptr); }
    void fail(const Object& error) override { callback_(nullptr, &error); }
    void lack_memory() override { callback_(nullptr, &no_fields_); }

private:
    Callback callback_;
    const Object no_fields_;
};

}  // namespace servicekit
