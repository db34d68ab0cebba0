#pragma once

#include <string>
#include <string_view>

#include "cli/console.hpp"
#include "servicekit/client.hpp"

namespace servicekit::cli {

enum class Colours { no, yes };

/// Returns one line of at most `width` columns: a bar if the total is known, else the count, and then the message.
[[nodiscard]] std::string render_progress(const Progress& progress, unsigned width, Colours colours);

/// The last line of stderr. It is redrawn with each progress, and erased when this object is destroyed.
class ProgressBar {
public:
    explicit ProgressBar(Console& console) : console_{console} {}
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;
    ~ProgressBar() { clear(); }

    void show(const Progress& progress);
    /// Shows a text of one line instead of a bar.
    void show(std::string_view text);
    void clear();

private:
    void draw(std::string line);

    Console& console_;
    std::string shown_;
};

}  // namespace servicekit::cli
