#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/console.hpp"
#include "cli/progress_pace.hpp"
#include "servicekit/client.hpp"
#include "servicekit/os/clock.hpp"

namespace servicekit::cli {

enum class Colours { no, yes };

/// Returns one line of at most `width` columns: a bar if the total is known, else the count, then the pace and the
/// message.
/// \param pace left out if it is too long
[[nodiscard]] std::string render_progress(const Progress& progress, std::string_view pace, unsigned width,
                                          Colours colours);

/// The last line of stderr. It is redrawn with each progress, and erased when this object is destroyed.
class ProgressBar {
public:
    ProgressBar(Console& console, const os::Clock& clock) : console_{console}, clock_{clock} {}
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;
    ~ProgressBar() { clear(); }

    void show(const Progress& progress);
    /// Shows the last progress again, with the pace of now.
    void refresh();
    /// Shows a text of one line instead of a bar.
    void show(std::string_view text);
    void clear();

private:
    void draw(std::string line);

    Console& console_;
    const os::Clock& clock_;
    ProgressPace pace_;
    std::optional<Progress> progress_;  ///< the one that is shown
    std::string shown_;
};

}  // namespace servicekit::cli
