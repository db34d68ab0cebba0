#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// A server that bench/control measures, and the request that it gets.
struct ControlServer {
    std::string label;
    std::vector<std::string> command = {};
    std::string socket;
    std::string request = "[\"status\"]\n";
    std::string reply_end = "\n";  ///< empty: the server closes the connection after a reply
    std::function<bool(std::string_view reply)> is_right = {};
    bool is_peer = false;  ///< the run goes on if it does not start
    pid_t pid = -1;
};

/// The servers that bench/control compares, in the order of their rows. The first two are the bare ones.
/// \param missing gets the name of each peer whose program was not found, and the reason
std::vector<ControlServer> control_servers(const std::string& directory,
                                           const std::function<void(std::string, std::string)>& missing);

/// Starts the server on a core and waits for a right reply. A server with the socket of an earlier one is the same
/// process. The kernel ends the server if this process dies.
/// \returns why the server does not answer; empty if it does
std::string launch(ControlServer& server, const std::vector<ControlServer>& earlier, int core);

/// Returns a reply for a message, without the end of its last line.
std::string in_quotes(std::string_view reply);

/// Ends the servers that run.
void end(std::vector<ControlServer>& servers);

/// Connects to the socket. It blocks while the backlog is full, as a real client of a busy server would.
/// \returns the connection, or -1 with errno set
int connect_to(const std::string& socket);

}  // namespace bench
