#include "core/peer_words.hpp"

#include <csignal>

#include "base/signal_name.hpp"

namespace servicekit {
std::string user_in_words(const Peer& peer) {
    return "uid " + (peer.uid == no_id ? "unknown" : std::to_string(peer.uid));
}

std::string in_words(const Peer& peer) {
    std::string text = user_in_words(peer);
    if (peer.pid > 0) text += ", pid " + std::to_string(peer.pid);
    return text;
}

std::string in_words(const os::ReceivedSignal& signal) {
    const std::string name{signal_name(signal.number)};
    if (!signal.is_from_kernel()) return name + " from " + in_words(signal.sender);
    return name + (signal.number == SIGXCPU ? ": the limit of processor time is reached" : " from the terminal");
}

}  // namespace servicekit
