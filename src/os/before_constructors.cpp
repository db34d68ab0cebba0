#include "os/descriptors_at_start.hpp"

// The loader calls this before the constructors of the program and of its shared libraries. Only an executable may have
// a .preinit_array, so the linker takes this object from the static library only for executables: see CMakeLists.txt.
extern "C" {
extern void (*servicekit_before_constructors)() noexcept;
[[gnu::used, gnu::section(".preinit_array")]] void (*servicekit_before_constructors)() noexcept =
    &servicekit::os::descriptors_at_start::note;
}
