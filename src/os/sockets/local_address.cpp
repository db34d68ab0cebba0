#include "os/sockets/local_address.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "os/uninterrupted.hpp"

namespace servicekit::os {

SplitPath split_path(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return {.directory = ".", .name = path};
    return {.directory = slash == 0 ? "/" : path.substr(0, slash), .name = path.substr(slash + 1)};
}

Result<Descriptor> open_directory(const std::string& action, const std::string& path, const std::string& directory) {
    Descriptor descriptor{open_uninterrupted(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (!descriptor) return os_error(action, path, errno);
    return descriptor;
}

Result<LocalAddress> LocalAddress::of(const std::string& action, const std::string& path) {
    // The kernel takes a name that starts with a zero byte for one of its abstract namespace.
    if (path.empty() || path.find('\0') != std::string::npos) return os_error(action, path, EINVAL);
    LocalAddress address;
    if (address.set(path)) return address;
    const auto [directory, name] = split_path(path);
    auto opened = open_directory(action, path, directory);
    if (!opened) return opened.error();
    address.directory_ = *std::move(opened);
    if (address.set("/proc/self/fd/" + std::to_string(address.directory_.get()) + "/" + name)) return address;
    return os_error(action, path, ENAMETOOLONG);
}

Result<LocalAddress> LocalAddress::in(const std::string& action, const std::string& path, const Descriptor& directory) {
    LocalAddress address;
    if (address.set("/proc/self/fd/" + std::to_string(directory.get()) + "/" + split_path(path).name)) return address;
    return os_error(action, path, ENAMETOOLONG);
}

bool LocalAddress::set(const std::string& path) noexcept {
    if (path.size() >= sizeof address_.sun_path) return false;
    std::memcpy(address_.sun_path, path.c_str(), path.size() + 1);
    return true;
}

}  // namespace servicekit::os
