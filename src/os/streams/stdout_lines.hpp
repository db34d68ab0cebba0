#pragma once

namespace servicekit::os {

/// Has stdio hand on what the program prints to stdout a line at a time, as it does of its own accord only where stdout
/// is a terminal; what the program has made unbuffered stays so. A buffer that std::cout has to itself, after
/// std::ios::sync_with_stdio(false), is none of stdio's. \pre nobody prints meanwhile, the first time
void buffer_stdout_by_lines() noexcept;

}  // namespace servicekit::os
