#include "os/streams/terminal_size.hpp"

#include <sys/ioctl.h>

namespace servicekit::os {

std::optional<TerminalSize> terminal_size(Stream stream) noexcept {
    winsize size{};
    if (::ioctl(static_cast<int>(stream), TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
        return std::nullopt;
    return TerminalSize{.rows = size.ws_row, .columns = size.ws_col};
}

}  // namespace servicekit::os
