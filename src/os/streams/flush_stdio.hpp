#pragma once

namespace servicekit::os {

/// Flushes the output buffers of stdio and of std::cout, std::cerr and std::clog. A closed
/// pipe does not end the process.
void flush_stdio();

}  // namespace servicekit::os
