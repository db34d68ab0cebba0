#pragma once

#include <memory>

#include "servicectl/top/screen.hpp"

namespace servicekit::servicectl {

/// Opens the terminal of stdin and stdout with ncurses. Texts have the encoding of the locale; in a locale without UTF-8,
/// characters that are not ASCII are shown as `?`. The caller has handlers for the signals that end or stop the process,
/// so that ncurses installs none.
/// \pre no screen is open
[[nodiscard]] Result<std::unique_ptr<top::Screen>> open_curses_screen(const top::ScreenOptions& options);

}  // namespace servicekit::servicectl
