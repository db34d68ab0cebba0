#pragma once

#include <string>

#include "servicekit/base/peer.hpp"
#include "servicekit/os/signals.hpp"

namespace servicekit {

/// Returns "uid 1000".
[[nodiscard]] std::string user_in_words(const Peer& peer);
/// Returns "uid 1000, pid 4711".
[[nodiscard]] std::string in_words(const Peer& peer);
/// Returns "SIGTERM from uid 1000, pid 4711" or "SIGINT from the terminal".
[[nodiscard]] std::string in_words(const os::ReceivedSignal& signal);

}  // namespace servicekit
