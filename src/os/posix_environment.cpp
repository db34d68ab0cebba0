#include "servicekit/os/environment.hpp"

#include <cstdlib>

namespace servicekit::os {
namespace {

class PosixEnvironment final : public Environment {
public:
    std::optional<std::string> get(const std::string& name) const override {
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>{value};
    }
};

}  // namespace

Environment& posix_environment() {
    static PosixEnvironment environment;
    return environment;
}

}  // namespace servicekit::os
