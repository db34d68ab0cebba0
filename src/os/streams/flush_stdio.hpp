#pragma once

namespace servicekit::os {

/// Empties the output buffers of stdio and of std::cout and its like. A reader that has gone is no reason to end.
void flush_stdio();

}  // namespace servicekit::os
