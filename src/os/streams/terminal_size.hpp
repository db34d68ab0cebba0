#pragma once

#include <optional>

#include "servicekit/os/standard_streams.hpp"

namespace servicekit::os {

struct TerminalSize {
    unsigned rows = 0;
    unsigned columns = 0;
};

/// \returns nothing if the stream is not a terminal or the terminal does not know its size, as on a serial line
[[nodiscard]] std::optional<TerminalSize> terminal_size(Stream stream) noexcept;

}  // namespace servicekit::os
