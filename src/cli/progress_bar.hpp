#pragma once

#include <string>
#include <string_view>

#include "cli/console.hpp"
#include "servicekit/client.hpp"

namespace servicekit::cli {

enum class Colours { no, yes };

/// One line of at most `width` columns: a bar where the total is known, else the count, and then the message.
[[nodiscard]] std::string render_progress(const Progress& progress, unsigned width, Colours colours);

/// The last line of stderr, drawn anew with each progress, and gone when this is.
class ProgressBar {
public:
    explicit ProgressBar(Console& console) : console_{console} {}
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;
    ~ProgressBar() { clear(); }

    void show(const Progress& progress);
    /// A text of one line in the place of a bar.
    void show(std::string_view text);
    void clear();

private:
    void draw(std::string line);

    Console& console_;
    std::string shown_;
};

}  // namespace servicekit::cli
