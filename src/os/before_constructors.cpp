#include "os/descriptors_at_start.hpp"

// The loader calls this before the constructors of the program and of its shared libraries. Only a program may have it, so
// the linker takes it out of the static library only if the program's target says so: see CMakeLists.txt.
extern "C" {
extern void (*servicekit_before_constructors)() noexcept;
[[gnu::used, gnu::section(".preinit_array")]] void (*servicekit_before_constructors)() noexcept =
    &servicekit::os::descriptors_at_start::note;
}
