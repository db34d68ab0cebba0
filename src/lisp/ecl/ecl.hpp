#pragma once

// ECL, as it has to be included. Its threads are its own: the header of its collector must not rename ours.
#ifndef GC_NO_THREAD_REDIRECTS
#error "compile with GC_NO_THREAD_REDIRECTS"
#endif

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <ecl/ecl.h>
#pragma GCC diagnostic pop
