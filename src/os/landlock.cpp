#include "os/landlock.hpp"

namespace servicekit::os::landlock {

Rights writing_rights(int version) noexcept {
    Rights rights = write_file | remove_dir | remove_file | make_char | make_dir | make_reg | make_sock | make_fifo |
                    make_block | make_sym;
    if (version >= 2) rights |= refer;
    if (version >= 3) rights |= truncate;
    if (version >= 5) rights |= ioctl_dev;
    return rights;
}

Rights rights_for(WritablePath::Use use, PathKind kind, Rights known) noexcept {
    Rights rights = known;
    if (use == WritablePath::Use::regular_files) rights &= write_file | truncate | make_reg | remove_file;
    if (use == WritablePath::Use::removal) rights &= remove_file;
    if (kind == PathKind::file) rights &= write_file | truncate | ioctl_dev;
    return rights;
}

std::string gap_of(int version) {
    std::string gap;
    const auto add = [&gap](const char* words) { gap += (gap.empty() ? "" : ", ") + std::string{words}; };
    // Before version 2 no rule can allow it: the kernel denies it everywhere.
    if (version < 2) add("no file can be renamed or linked into another directory");
    if (version < 3) add("files can be truncated anywhere");
    if (version < 5) add("devices can be controlled anywhere");
    return gap;
}

}  // namespace servicekit::os::landlock
