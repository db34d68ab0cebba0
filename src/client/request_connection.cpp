#include "client/request_connection.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace servicekit {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view white_space = " \t\r\n";
constexpr milliseconds longest_wait{60'000};
/// How often whoever may give up is asked.
constexpr milliseconds question_interval{100};

Error failure(ExitCode code, std::string reason) { return Error{code, {}, {}, std::move(reason)}; }

Error broken(const os::Transfer& transfer, std::string_view when) {
    if (transfer.state == os::Transfer::State::closed)
        return failure(ExitCode::os, "the service closed the connection " + std::string{when});
    return os_error({}, {}, transfer.errno_value);
}

}  // namespace

Result<milliseconds> RequestConnection::time_left() const {
    if (is_given_up_ && is_given_up_()) return os_error({}, {}, EINTR);
    const milliseconds longest = is_given_up_ ? question_interval : longest_wait;
    if (!deadline_) return longest;
    const auto left = std::chrono::ceil<milliseconds>(*deadline_ - clock_.steady_now());
    if (left <= milliseconds::zero()) return failure(ExitCode::timeout, "the time is up");
    return std::min(left, longest);
}

Result<void> RequestConnection::send(std::string_view request) {
    while (!request.empty()) {
        const os::Transfer sent = connection_.send(request);
        if (sent.state == os::Transfer::State::done) {
            request.remove_prefix(sent.bytes);
            continue;
        }
        if (sent.state != os::Transfer::State::would_block) return broken(sent, "before it took the request");
        const auto left = time_left();
        if (!left) return left.error();
        connection_.wait_until_writable(*left);
    }
    return {};
}

Result<std::string> RequestConnection::receive_line() {
    std::size_t searched = 0;
    while (true) {
        if (searched == 0) unread_.erase(0, std::min(unread_.find_first_not_of(white_space), unread_.size()));
        const auto end = unread_.find('\n', searched);
        if (end != std::string::npos) {
            std::string line = unread_.substr(0, end);
            unread_.erase(0, end + 1);
            return line;
        }
        searched = unread_.size();
        if (unread_.size() > longest_line)
            return failure(ExitCode::os, "it is longer than " + std::to_string(longest_line) + " bytes");
        if (auto more = receive_more(); !more) return more.error();
    }
}

Result<void> RequestConnection::receive_more() {
    std::array<char, 65536> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by receive()
    while (true) {
        const os::Transfer received = connection_.receive(buffer);
        if (received.state == os::Transfer::State::done) {
            unread_.append(buffer.data(), received.bytes);
            return {};
        }
        if (received.state != os::Transfer::State::would_block)
            return broken(received, unread_.empty() ? "without a reply" : "within its reply");
        const auto left = time_left();
        if (!left) return left.error();
        connection_.wait_until_readable(*left);
    }
}

bool RequestConnection::is_drained() const noexcept {
    return unread_.find_first_not_of(white_space) == std::string::npos;
}

}  // namespace servicekit
