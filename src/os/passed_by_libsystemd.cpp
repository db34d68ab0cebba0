#ifdef SERVICEKIT_HAS_LIBSYSTEMD

#include <systemd/sd-daemon.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "os/passed_by_manager.hpp"

namespace servicekit::os {
namespace {

/// The array of sd_listen_fds_with_names(3): ours to free, with each name.
class Names {
public:
    explicit Names(char** names) : names_{names} {}
    ~Names() {
        for (char** name = names_; name != nullptr && *name != nullptr; ++name) std::free(*name);
        std::free(names_);
    }
    Names(const Names&) = delete;
    Names& operator=(const Names&) = delete;
    [[nodiscard]] const char* at(int index) const { return names_[index]; }

private:
    char** names_;
};

constexpr int and_unset = 1;

}  // namespace

Result<std::vector<ListenSocket>> take_listen_sockets_by_libsystemd() {
    char** listed = nullptr;
    const int count = sd_listen_fds_with_names(and_unset, &listed);
    const Names names{listed};
    if (count < 0) return os_error("take over the service manager's sockets", "", -count);
    std::vector<ListenSocket> sockets;
    sockets.reserve(static_cast<std::size_t>(count));
    for (int index = 0; index < count; ++index)
        sockets.push_back({.name = names.at(index), .descriptor = SD_LISTEN_FDS_START + index});
    return sockets;
}

std::optional<std::chrono::microseconds> take_watchdog_by_libsystemd() {
    std::uint64_t interval = 0;
    if (sd_watchdog_enabled(and_unset, &interval) <= 0) return std::nullopt;
    return std::chrono::microseconds{static_cast<std::chrono::microseconds::rep>(interval)};
}

}  // namespace servicekit::os

#endif
