#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicectl/command.hpp"
#include "servicekit/base/result.hpp"

namespace servicekit::servicectl::web {

/// Where the server listens.
struct Address {
    std::string path = {};   ///< of a unix socket; empty: TCP
    std::string host = {};   ///< the name or the number of an address, without brackets
    std::uint16_t port = 0;  ///< 0: the system chooses one

    [[nodiscard]] bool is_unix() const noexcept { return !path.empty(); }
    /// Returns true for numbers of the loopback and for `localhost`. Other names could change their meaning.
    [[nodiscard]] bool is_loopback() const;
};

/// Returns true for the number of an IPv4 address, in four decimal parts.
[[nodiscard]] bool is_v4(std::string_view host);

/// Parses a path, HOST:PORT or [V6]:PORT. A path has a slash. \returns nothing for any other text
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);

/// The options of `web`.
struct Options {
    std::optional<Address> listen = {};  ///< nothing: the default socket
    std::string token_file = {};
    std::string read_token_file = {};
    std::string certificate = {};
    std::string key = {};
    bool insecure = false;
    bool read_only = false;
    bool allow_actions = false;
    std::vector<std::string> hosts = {};  ///< further names in the header Host
    std::chrono::milliseconds interval{2000};
    std::vector<std::string> patterns = {};
    bool all_users = false;
};

/// Reads the options of a command. \returns ExitCode::usage, with the fault as its reason
[[nodiscard]] Result<Options> options_of(const Command& command);
/// Returns what is wrong with the options; nothing if they are right.
[[nodiscard]] std::optional<std::string> check_web(Command& command);

}  // namespace servicekit::servicectl::web
