#include "core/status_askers.hpp"

#include <string>

#include "core/protocol.hpp"

namespace servicekit {

bool StatusAskers::add(std::shared_ptr<Responder> responder) {
    const std::lock_guard guard{mutex_};
    if (are_answered_) return false;
    responders_.push_back(std::move(responder));
    return true;
}

void StatusAskers::reply(std::string_view line) {
    std::vector<std::shared_ptr<Responder>> responders;
    {
        const std::lock_guard guard{mutex_};
        are_answered_ = true;
        responders.swap(responders_);
    }
    for (const auto& responder : responders) responder->reply(line);
}

void StatusAnswer::succeed(const Object& own) {
    status_.keep(own);
    askers_->reply(encode_reply(status_.with(own)));
}

void StatusAnswer::fail(const Object& error) { askers_->reply(encode_error(error)); }

void StatusAnswer::decline(const Object& /*error*/) { reply_without_own(); }

void StatusAnswer::time_out(const EventDeclaration& /*event*/) { reply_without_own(); }

void StatusAnswer::lack_memory() { askers_->reply(out_of_memory_line); }

void StatusAnswer::reply_without_own() {
    std::string line;
    status_.append_last_known(line);
    line += '\n';
    askers_->reply(line);
}

}  // namespace servicekit
