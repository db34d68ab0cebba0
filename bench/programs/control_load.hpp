#pragma once

#include "control_server.hpp"

namespace bench {

enum class Style { persistent, one_request_each };

/// Keeps that number of connections busy from a process on the core, each with one request at a time. The kernel closes
/// the connections when the process ends. Exits if a reply is missing or wrong.
/// \returns the number of replies
long load(const ControlServer& server, Style style, int clients, double seconds, int core);

}  // namespace bench
