#include "core/queued_event.hpp"

#include <utility>

#include "core/protocol.hpp"

namespace servicekit {

void Answer::time_out(const EventDeclaration& event) { fail(timeout_error(event.name)); }

bool QueuedEvent::add_follower(const std::shared_ptr<QueuedEvent>& follower) {
    std::shared_ptr<QueuedEvent> replaced;
    {
        const std::lock_guard guard{progress_mutex_};
        if (is_over_) return false;
        std::erase_if(followers_, [](const auto& known) { return known->is_answered(); });
        followers_.push_back(follower);
        if (followers_.size() > most_followers) {
            replaced = std::move(followers_.front());
            followers_.erase(followers_.begin());
        }
        is_followed_.store(true, std::memory_order_relaxed);
        follower->show_turn(id_, has_begun_);
    }
    if (replaced)
        replaced->fail(make_error("busy", "too many clients follow '" + event_->name + "'",
                                  {{"event", replaced->event_->name}, {"limit", most_followers}}));
    return true;
}

[[gnu::hot]] void ClientAnswer::succeed(const Object& fields) { responder_->reply(encode_reply(fields)); }

void ClientAnswer::fail(const Object& error) { responder_->reply(encode_error(error)); }

void ClientAnswer::progress(std::uint64_t done, std::uint64_t total, std::string_view text) {
    responder_->progress(encode_progress(done, total, text));
}

void ClientAnswer::queued(std::uint64_t id, std::string_view running) {
    responder_->send_item(encode_queued(id, running), nullptr);
}

void ClientAnswer::begun(std::uint64_t id) { responder_->send_item(encode_begun(id), nullptr); }

Responder::Sent ClientAnswer::send_item(std::string_view line, std::function<void()> on_room) {
    return responder_->send_item(line, std::move(on_room));
}

void ClientAnswer::lack_memory() { responder_->reply(out_of_memory_line); }

}  // namespace servicekit
