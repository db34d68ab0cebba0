#pragma once

#include <optional>
#include <string>
#include <vector>

namespace servicekit::os {

/// The environment variables of the process.
class Environment {
public:
    virtual ~Environment() = default;
    /// \returns nothing for a variable that is unset or empty: who writes `TMPDIR=` means to unset it.
    [[nodiscard]] virtual std::optional<std::string> get(const std::string& name) const = 0;
    /// The names of the variables that get() has a value for, in no order.
    [[nodiscard]] virtual std::vector<std::string> names() const = 0;
    /// \pre one thread, since others may be reading
    virtual void set(const std::string& name, const std::string& value) = 0;
    /// \pre as of set()
    virtual void unset(const std::string& name) = 0;
};

[[nodiscard]] Environment& posix_environment();

}  // namespace servicekit::os
