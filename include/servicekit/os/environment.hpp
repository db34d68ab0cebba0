#pragma once

#include <optional>
#include <string>

namespace servicekit::os {

/// The environment variables of the process.
class Environment {
public:
    virtual ~Environment() = default;
    [[nodiscard]] virtual std::optional<std::string> get(const std::string& name) const = 0;
};

[[nodiscard]] Environment& posix_environment();

}  // namespace servicekit::os
