#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "servicekit/os/confinement.hpp"

namespace servicekit::os::landlock {

/// A set of LANDLOCK_ACCESS_FS_*, as the kernel numbers them. The names are our own, since the system's header may be
/// older than the running kernel.
using Rights = std::uint64_t;

inline constexpr Rights write_file = 1U << 1U;
inline constexpr Rights remove_dir = 1U << 4U;
inline constexpr Rights remove_file = 1U << 5U;
inline constexpr Rights make_char = 1U << 6U;
inline constexpr Rights make_dir = 1U << 7U;
inline constexpr Rights make_reg = 1U << 8U;
inline constexpr Rights make_sock = 1U << 9U;
inline constexpr Rights make_fifo = 1U << 10U;
inline constexpr Rights make_block = 1U << 11U;
inline constexpr Rights make_sym = 1U << 12U;
inline constexpr Rights refer = 1U << 13U;      ///< since version 2: rename or link into another directory
inline constexpr Rights truncate = 1U << 14U;   ///< since version 3
inline constexpr Rights ioctl_dev = 1U << 15U;  ///< since version 5: ioctl(2) on a device

/// All rights to write that this version of Landlock's interface knows.
[[nodiscard]] Rights writing_rights(int version) noexcept;

/// The rights among `known` that the use of a path needs. Only some rights apply to a path that is not a directory.
enum class PathKind { directory, file };
[[nodiscard]] Rights rights_for(WritablePath::Use use, PathKind kind, Rights known) noexcept;

/// Describes what this version lacks compared with later ones. Empty if it lacks nothing.
[[nodiscard]] std::string gap_of(int version);

}  // namespace servicekit::os::landlock
