#pragma once

#include <string>

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
    void clear();

private:
    Console& console_;
    std::string shown_;
};

}  // namespace servicekit::cli
