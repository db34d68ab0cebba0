#include "os/streams/flush_stdio.hpp"

#include <cstdio>
#include <iostream>

#include "os/sockets/sigpipe_block.hpp"

namespace servicekit::os {

void flush_stdio() {
    const SigpipeBlock block;
    // These have buffers of their own after std::ios::sync_with_stdio(false).
    for (std::ostream* stream : {&std::cout, &std::cerr, &std::clog}) stream->flush();
    std::fflush(nullptr);
}

}  // namespace servicekit::os
