#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "os/descriptor.hpp"
#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// Opens the directory that contains the file. \param action for the error
[[nodiscard]] Result<Descriptor> open_directory_of(const std::string& action, const std::string& path);

/// A path for bind(2) and connect(2). If it is too long for them, the address refers to it by a descriptor of its
/// directory, which the address keeps open.
class LocalAddress {
public:
    static Result<LocalAddress> of(const std::string& action, const std::string& path);
    /// The address of a name in this very directory, wherever its path leads by then.
    /// \param directory must stay open as long as the address is used
    static Result<LocalAddress> in(const std::string& action, const std::string& path, const Descriptor& directory);

    [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&address_); }
    [[nodiscard]] static constexpr socklen_t size() noexcept { return sizeof(sockaddr_un); }

private:
    bool set(const std::string& path) noexcept;

    sockaddr_un address_{.sun_family = AF_UNIX, .sun_path = {}};
    Descriptor directory_;
};

}  // namespace servicekit::os
