#pragma once

#include <functional>
#include <memory>

#include "servicekit/os/host.hpp"
#include "servicekit/os/interruptible_sleep.hpp"
#include "servicekit/os/line_reader.hpp"

namespace servicekit::cli {

/// The interfaces to the operating system that the verbs use; a test passes fakes.
struct Tools {
    os::Host host = {};
    std::function<std::unique_ptr<os::InterruptibleSleep>()> make_sleep = &os::make_posix_interruptible_sleep;
    std::function<std::unique_ptr<os::LineReader>()> make_line_reader = &os::make_posix_line_reader;
};

}  // namespace servicekit::cli
