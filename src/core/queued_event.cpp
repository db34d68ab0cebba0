#include "core/queued_event.hpp"

#include <utility>

#include "core/protocol.hpp"

namespace servicekit {

void Answer::time_out(const EventDeclaration& event) { fail(timeout_error(event.name)); }

void ClientAnswer::succeed(const Object& fields) { responder_->reply(encode_reply(fields)); }

void ClientAnswer::fail(const Object& error) { responder_->reply(encode_error(error)); }

void ClientAnswer::progress(std::uint64_t done, std::uint64_t total, std::string_view text) {
    responder_->progress(encode_progress(done, total, text));
}

void ClientAnswer::queued(std::uint64_t id, std::string_view running) {
    responder_->progress(encode_queued(id, running));
}

void ClientAnswer::begun(std::uint64_t id) { responder_->progress(encode_begun(id)); }

Responder::Sent ClientAnswer::send_item(std::string_view line, std::function<void()> on_room) {
    return responder_->send_item(line, std::move(on_room));
}

void ClientAnswer::lack_memory() { responder_->reply(out_of_memory_line); }

}  // namespace servicekit
