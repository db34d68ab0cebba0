#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "os/descriptor.hpp"
#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// Opens the directory that the file is in. \param action what an error is about
[[nodiscard]] Result<Descriptor> open_directory_of(const std::string& action, const std::string& path);

/// A path as bind(2) and connect(2) want it. One that is too long for them goes by a descriptor of its directory,
/// which the address keeps open.
class LocalAddress {
public:
    static Result<LocalAddress> of(const std::string& action, const std::string& path);
    /// Of a name in this very directory, whatever its path leads to by then.
    /// \param directory must be open as long as the address is used
    static Result<LocalAddress> in(const std::string& action, const std::string& path, const Descriptor& directory);

    [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&address_); }
    [[nodiscard]] static constexpr socklen_t size() noexcept { return sizeof(sockaddr_un); }

private:
    bool set(const std::string& path) noexcept;

    sockaddr_un address_{.sun_family = AF_UNIX, .sun_path = {}};
    Descriptor directory_;
};

}  // namespace servicekit::os
