#include "os/unmapped_ids.hpp"

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/parse_number.hpp"
#include "os/proc_file.hpp"
#include "servicekit/base/peer.hpp"

namespace servicekit::os {
namespace {

constexpr id_t usual_overflow_id = 65534;

id_t overflow_id(const char* file) {
    const auto text = read_proc_file(file);
    std::string_view rest = text ? std::string_view{*text} : std::string_view{};
    return parse_number<id_t>(next_word(rest)).value_or(usual_overflow_id);
}

/// Returns true if every id is mapped in this user namespace, as in the initial one.
bool maps_all(const char* file) {
    constexpr std::uint64_t all = 0xffffffff;
    const auto text = read_proc_file(file);
    // A kernel without user namespaces has no such file.
    if (!text) return errno == ENOENT && read_proc_file("/proc/self/stat").has_value();
    std::uint64_t mapped = 0;
    std::string_view rest = *text;
    for (;;) {
        // Each range is a line "inside outside count".
        for (int column = 0; column < 2; ++column) static_cast<void>(next_word(rest));
        const auto count = parse_number<std::uint64_t>(next_word(rest));
        if (!count) return mapped >= all;
        mapped += *count;
    }
}

id_t certain(id_t id, id_t overflow, const char* map_file) {
    if (id == no_id || id != overflow) return id;
    return maps_all(map_file) ? id : no_id;
}

}  // namespace

// The overflow ids are read once: every connection asks for them.

uid_t certain_user(uid_t uid) {
    if (uid == 0) return uid;
    static const id_t overflow = overflow_id("/proc/sys/kernel/overflowuid");
    return certain(uid, overflow, "/proc/self/uid_map");
}

gid_t certain_group(gid_t gid) {
    if (gid == 0) return gid;
    static const id_t overflow = overflow_id("/proc/sys/kernel/overflowgid");
    return certain(gid, overflow, "/proc/self/gid_map");
}

}  // namespace servicekit::os
