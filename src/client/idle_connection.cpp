#include "client/idle_connection.hpp"

#include <array>

namespace servicekit {
namespace {

/// A service closes a connection after 5 s without a request. Near that limit it may close the connection just as the
/// client sends, and the client could not find out if the request was received.
constexpr std::chrono::seconds longest_idle{4};

}  // namespace

bool is_usable_again(os::LocalConnection& connection, std::chrono::steady_clock::time_point last_used,
                     const os::Clock& clock) {
    if (clock.steady_now() - last_used > longest_idle) return false;
    // No data is expected: anything that can be read is the end of the connection.
    std::array<char, 1> nothing{};
    return connection.receive(nothing).state == os::Transfer::State::would_block;
}

}  // namespace servicekit
