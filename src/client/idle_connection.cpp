#include "client/idle_connection.hpp"

#include <array>

namespace servicekit {
namespace {

/// A service closes a connection that was idle for 5 s; one that is nearly so may be closed just as we send,
/// and nobody could tell whether the request was taken.
constexpr std::chrono::seconds longest_idle{4};

}  // namespace

bool is_usable_again(os::LocalConnection& connection, std::chrono::steady_clock::time_point last_used,
                     const os::Clock& clock) {
    if (clock.steady_now() - last_used > longest_idle) return false;
    // Nothing is awaited: all that can be there is the end.
    std::array<char, 1> nothing{};
    return connection.receive(nothing).state == os::Transfer::State::would_block;
}

}  // namespace servicekit
