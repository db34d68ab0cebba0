#pragma once

#include <optional>
#include <string>
#include <vector>

namespace servicekit::os {

/// The environment variables of the process.
class Environment {
public:
    virtual ~Environment() = default;
    /// \returns nothing for a variable that is unset or empty, because `TMPDIR=` usually means that it is unset.
    [[nodiscard]] virtual std::optional<std::string> get(const std::string& name) const = 0;
    /// The names of the variables for which get() returns a value, in any order.
    [[nodiscard]] virtual std::vector<std::string> names() const = 0;
    /// \pre the process has one thread; other threads might read the environment
    virtual void set(const std::string& name, const std::string& value) = 0;
    /// \pre as for set()
    virtual void unset(const std::string& name) = 0;
};

/// Returns the real implementation.
[[nodiscard]] Environment& posix_environment();

}  // namespace servicekit::os
