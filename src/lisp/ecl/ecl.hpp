#pragma once

// Includes ECL. The header of its collector must not redirect our thread functions to its own.
#ifndef GC_NO_THREAD_REDIRECTS
#error "compile with GC_NO_THREAD_REDIRECTS"
#endif

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <ecl/ecl.h>
#pragma GCC diagnostic pop
