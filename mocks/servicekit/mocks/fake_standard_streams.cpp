#include "servicekit/mocks/fake_standard_streams.hpp"

#include <cerrno>

namespace servicekit::mocks {
namespace {

std::string name_of(os::Stream stream) {
    switch (stream) {
        case os::Stream::in:
            return "stdin";
        case os::Stream::out:
            return "stdout";
        case os::Stream::error:
            return "stderr";
    }
    return {};
}

}  // namespace

void FakeStandardStreams::write(os::Stream stream, std::string_view text) {
    const auto failure = failures.due("write", name_of(stream));
    if (failure || (is_silent_ && is_silent_())) return;
    const State& written = state(stream);
    if (written.target == Target::user) texts_.at(static_cast<std::size_t>(stream)) += text;
    if (written.target == Target::descriptor) written_to_[written.descriptor] += text;
}

os::StreamWriting FakeStandardStreams::write_within(os::Stream stream, std::string_view text,
                                                    std::chrono::milliseconds at_most) {
    last_patience_ = at_most;
    const std::string name = name_of(stream);
    if (const auto failure = failures.due("write_within", name))
        return {.failure = os_error("write to", name, *failure)};
    auto& room = state(stream).room;
    const std::string_view taken = text.substr(0, room.value_or(text.size()));
    if (room) *room -= taken.size();
    write(stream, taken);
    os::StreamWriting done{.bytes = taken.size()};
    if (taken.size() < text.size()) {
        done.failure = os_error("write to", name, EAGAIN);
        done.failure->reason = "its reader does not keep up";
    }
    return done;
}

void FakeStandardStreams::write_at_crash(os::Stream stream, std::string_view text,
                                         std::chrono::milliseconds at_most) noexcept {
    static_cast<void>(write_within(stream, text, at_most));
}

Result<std::string> FakeStandardStreams::read_rest(std::size_t max_bytes) {
    if (const auto failure = failures.due("read_rest", "stdin")) return os_error("read", "stdin", *failure);
    if (input_.size() > max_bytes) return os_error("read", "stdin", EFBIG);
    return std::exchange(input_, {});
}

Result<std::optional<std::string>> FakeStandardStreams::ask_hidden(const std::string& prompt) {
    prompts_.push_back(prompt);
    if (const auto failure = failures.due("ask_hidden", "stdin")) return os_error("read", "stdin", *failure);
    if (hidden_lines_.empty()) return std::optional<std::string>{};
    std::string line = std::move(hidden_lines_.front());
    hidden_lines_.pop_front();
    return std::optional{std::move(line)};
}

Result<std::optional<char>> FakeStandardStreams::ask_key(const std::string& prompt, std::string_view keys) {
    prompts_.push_back(prompt);
    if (const auto failure = failures.due("ask_key", "stdin")) return os_error("read", "stdin", *failure);
    while (!keys_.empty()) {
        const char key = keys_.front();
        keys_.pop_front();
        if (keys.find(key) != std::string_view::npos) return std::optional{key};
    }
    return std::optional<char>{};
}

bool FakeStandardStreams::is_terminal(os::Stream stream) const {
    return state(stream).target == Target::user && state(stream).is_terminal;
}

unsigned FakeStandardStreams::terminal_width(os::Stream stream) const {
    return is_terminal(stream) ? state(stream).width : 80;
}

Result<void> FakeStandardStreams::open_closed_ones() {
    if (const auto failure = failures.due("open_closed_ones")) return os_error("open", "/dev/null", *failure);
    for (State& stream : states_.own())
        if (stream.target == Target::closed) stream.target = Target::null;
    return {};
}

Result<void> FakeStandardStreams::redirect_to_null(os::Stream stream) {
    const std::string name = name_of(stream);
    if (const auto failure = failures.due("redirect_to_null", name)) return os_error("redirect", name, *failure);
    state(stream).target = Target::null;
    return {};
}

Result<void> FakeStandardStreams::redirect_to(os::Stream stream, int descriptor) {
    const std::string name = name_of(stream);
    if (const auto failure = failures.due("redirect_to", name)) return os_error("redirect", name, *failure);
    if (descriptor < 0) return os_error("redirect", name, EBADF);
    state(stream).target = Target::descriptor;
    state(stream).descriptor = descriptor;
    return {};
}

bool FakeStandardStreams::leads_to(os::Stream stream, int descriptor) const {
    const State& own = state(stream);
    return own.is_shared || (own.target == Target::descriptor && own.descriptor == descriptor);
}

Result<std::optional<Error>> FakeStandardStreams::redirect_to_file(os::Stream stream, const os::StreamFile& file) {
    if (const auto failure = failures.due("redirect_to_file", name_of(stream)))
        return os_error("open for " + name_of(stream), file.path, *failure);
    state(stream).target = Target::file;
    state(stream).file = file;
    if (const auto failure = failures.due("set_permissions", name_of(stream)))
        return std::optional{os_error("change the permissions of", file.path, *failure)};
    return std::optional<Error>{};
}

Result<void> FakeStandardStreams::change_owner(os::Stream stream, uid_t uid, gid_t /*gid*/) {
    if (const auto failure = failures.due("change_owner", name_of(stream)))
        return os_error("change the owner of the file of", name_of(stream), *failure);
    state(stream).owner = uid;
    return {};
}

void FakeStandardStreams::set_terminal(os::Stream stream, bool is_terminal, unsigned width) {
    state(stream).is_terminal = is_terminal;
    state(stream).width = width;
}

std::string FakeStandardStreams::written_to(int descriptor) const {
    const auto found = written_to_.find(descriptor);
    return found == written_to_.end() ? std::string{} : found->second;
}

int FakeStandardStreams::descriptor(os::Stream stream) const {
    return state(stream).target == Target::descriptor ? state(stream).descriptor : -1;
}

}  // namespace servicekit::mocks
