#ifdef SERVICEKIT_HAS_LIBSYSTEMD

#include <dlfcn.h>
#include <systemd/sd-daemon.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>

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

/// What is used of libsystemd. It is loaded where the manager passed something only: the six libraries that it brings
/// along would cost each start of each service, and each verb, more than all else that is loaded.
struct Libsystemd {
    decltype(&sd_listen_fds_with_names) listen_fds_with_names = nullptr;
    decltype(&sd_watchdog_enabled) watchdog_enabled = nullptr;

    Libsystemd() {
        void* const library = ::dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) return;
        listen_fds_with_names =
            reinterpret_cast<decltype(listen_fds_with_names)>(::dlsym(library, "sd_listen_fds_with_names"));
        watchdog_enabled = reinterpret_cast<decltype(watchdog_enabled)>(::dlsym(library, "sd_watchdog_enabled"));
    }
};

const Libsystemd& libsystemd() {
    static const Libsystemd loaded;
    return loaded;
}

/// Unsets those that are empty, which libsystemd takes for faults.
/// \returns whether any is left.
bool has_any(std::initializer_list<const char*> variables) {
    bool any = false;
    for (const char* const variable : variables) {
        const char* const value = std::getenv(variable);
        if (value == nullptr) continue;
        if (*value == '\0')
            ::unsetenv(variable);
        else
            any = true;
    }
    return any;
}

}  // namespace

Result<std::vector<ListenSocket>> take_listen_sockets_by_libsystemd() {
    if (!has_any({"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})) return std::vector<ListenSocket>{};
    const auto listen_fds_with_names = libsystemd().listen_fds_with_names;
    if (listen_fds_with_names == nullptr) return take_listen_sockets_by_ourselves();
    char** listed = nullptr;
    const int count = listen_fds_with_names(and_unset, &listed);
    const Names names{listed};
    if (count < 0) return os_error("take over the service manager's sockets", "", -count);
    std::vector<ListenSocket> sockets;
    sockets.reserve(static_cast<std::size_t>(count));
    for (int index = 0; index < count; ++index)
        sockets.push_back({.name = names.at(index), .descriptor = SD_LISTEN_FDS_START + index});
    return sockets;
}

std::optional<std::chrono::microseconds> take_watchdog_by_libsystemd() {
    if (!has_any({"WATCHDOG_USEC", "WATCHDOG_PID"})) return std::nullopt;
    const auto watchdog_enabled = libsystemd().watchdog_enabled;
    if (watchdog_enabled == nullptr) return take_watchdog_by_ourselves();
    std::uint64_t interval = 0;
    if (watchdog_enabled(and_unset, &interval) <= 0) return std::nullopt;
    return std::chrono::microseconds{static_cast<std::chrono::microseconds::rep>(interval)};
}

}  // namespace servicekit::os

#endif
