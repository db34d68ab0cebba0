#include "os/sockets/local_address.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/path_parts.hpp"
#include "os/uninterrupted.hpp"

namespace servicekit::os {

Result<Descriptor> open_directory_of(const std::string& action, const std::string& path) {
    Descriptor descriptor{open_uninterrupted(directory_of(path).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (!descriptor) return os_error(action, path, errno);
    return descriptor;
}

Result<LocalAddress> LocalAddress::of(const std::string& action, const std::string& path) {
    // The kernel puts a name that starts with a zero byte into the abstract namespace.
    if (path.empty() || path.find('\0') != std::string::npos) return os_error(action, path, EINVAL);
    LocalAddress address;
    if (address.set(path)) return address;
    auto directory = open_directory_of(action, path);
    if (!directory) return directory.error();
    auto indirect = in(action, path, *directory);
    if (indirect) indirect->directory_ = *std::move(directory);
    return indirect;
}

Result<LocalAddress> LocalAddress::in(const std::string& action, const std::string& path, const Descriptor& directory) {
    LocalAddress address;
    if (address.set("/proc/self/fd/" + std::to_string(directory.get()) + "/" + std::string{file_name_of(path)}))
        return address;
    return os_error(action, path, ENAMETOOLONG);
}

bool LocalAddress::set(const std::string& path) noexcept {
    if (path.size() >= sizeof address_.sun_path) return false;
    std::memcpy(address_.sun_path, path.c_str(), path.size() + 1);
    return true;
}

}  // namespace servicekit::os
